"""Saved queries of CloudWatch Logs Insights, which MiniStack lacks: stored and described.

Nothing runs them here.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from localaws import json_api, validation
from localaws.json_api import AwsError, Response
from localaws.ministack import services
from localaws.scope import Document

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown"]

SERVICE = "logs"
ROUTES = services.routes(SERVICE)

Created = tuple[str, dict[str, str]]

_queries = services.regional_store()
_others = services.handler(SERVICE)


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> Response:
    """Respond to one request; header names come in lower case."""
    operation = _OPERATIONS.get(json_api.operation_of(headers))
    if operation is None:
        return await _others(method, path, headers, body, query_params)
    return json_api.respond(operation, body, invalid="InvalidParameterException")


def shutdown() -> None:
    """Do nothing: no work runs in the background."""


def _check_known(identity: str) -> None:
    if identity not in _queries:
        message = "The specified query definition does not exist."
        raise AwsError("ResourceNotFoundException", message)


def _put(request: Document) -> Document:
    validation.validate("logs", "PutQueryDefinition", request)
    identity = request.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in request:
        _check_known(identity)
    kept = {key: value for key, value in request.items() if key != "clientToken"}
    now = {"queryDefinitionId": identity, "lastModified": int(1000 * time.time())}
    _queries[identity] = {"queryLanguage": "CWLI", **kept, **now}
    return {"queryDefinitionId": identity}


def _describe(request: Document) -> Document:
    validation.validate("logs", "DescribeQueryDefinitions", request)
    prefix = request.get("queryDefinitionNamePrefix", "")
    language = request.get("queryLanguage")
    return {
        "queryDefinitions": [
            one
            for one in _queries.values()
            if one["name"].startswith(prefix) and language in (None, one["queryLanguage"])
        ]
    }


def _delete(request: Document) -> Document:
    validation.validate("logs", "DeleteQueryDefinition", request)
    _check_known(request["queryDefinitionId"])
    del _queries[request["queryDefinitionId"]]
    return {"success": True}


_OPERATIONS: dict[str, Callable[[Document], Document]] = {
    "PutQueryDefinition": _put,
    "DescribeQueryDefinitions": _describe,
    "DeleteQueryDefinition": _delete,
}


def _create_resource(_logical_id: str, properties: Document, _stack: str) -> Created:
    return _put_resource({}, properties)


def _update_resource(identity: str, _old: Document, new: Document, _stack: str) -> Created:
    return _put_resource({"queryDefinitionId": identity}, new)


def _put_resource(identity: Document, properties: Document) -> Created:
    # CloudFormation's properties are the API's members with a capital letter.
    members = {f"{key[0].lower()}{key[1:]}": value for key, value in properties.items()}
    request = members | identity
    try:
        found = _put(request)["queryDefinitionId"]
    except validation.Invalid as error:
        raise ValueError(str(error)) from None
    return found, {"QueryDefinitionId": found}


def _delete_resource(identity: str, _properties: Document) -> None:
    _queries.pop(identity, None)


RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::Logs::QueryDefinition": {
        "create": _create_resource,
        "update": _update_resource,
        "delete": _delete_resource,
    },
}
