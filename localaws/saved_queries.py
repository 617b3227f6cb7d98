"""Saved queries of CloudWatch Logs Insights, which MiniStack lacks: stored and described.

Nothing runs them here.
"""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from localaws import validation
from localaws.ministack import services
from localaws.ministack.services import Response
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
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation not in _OPERATIONS:
        return await _others(method, path, headers, body, query_params)
    request = json.loads(body or b"{}")
    try:
        validation.validate("logs", operation, request)
        return _json(200, _OPERATIONS[operation](request))
    except validation.Invalid as error:
        return _json(400, {"__type": "InvalidParameterException", "message": str(error)})
    except KeyError:
        said = "The specified query definition does not exist."
        return _json(400, {"__type": "ResourceNotFoundException", "message": said})


def shutdown() -> None:
    """Nothing runs."""


def _json(status: int, document: Document) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()


def _put(request: Document) -> Document:
    identity = request.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in request and identity not in _queries:
        raise KeyError(identity)
    kept = {key: value for key, value in request.items() if key != "clientToken"}
    now = {"queryDefinitionId": identity, "lastModified": int(1000 * time.time())}
    _queries[identity] = {"queryLanguage": "CWLI", **kept, **now}
    return {"queryDefinitionId": identity}


def _describe(request: Document) -> Document:
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
        validation.validate("logs", "PutQueryDefinition", request)
    except validation.Invalid as error:
        raise ValueError(str(error)) from None
    found = _put(request)["queryDefinitionId"]
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
