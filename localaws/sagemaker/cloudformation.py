"""AWS::SageMaker::Model, ::EndpointConfig and ::Endpoint for stacks.

CloudFormation's properties have the API's names, so a resource is made by the API's own
operation. Which change replaces a resource is in CloudFormation's schemas, read by
`localaws.schemas`: what reaches `update` here is what may change in place.
"""

import secrets
import string
from collections.abc import Callable
from typing import Any

from localaws import validation
from localaws.json_api import AwsError
from localaws.ministack import services
from localaws.sagemaker import control, endpoints, hosting
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.state import Endpoint
from localaws.scope import Document, Scope

Created = tuple[str, dict[str, str]]

_MAX_NAME = 63
_SUFFIX = string.ascii_letters + string.digits


def _name(stack: str, logical_id: str) -> str:
    """`StackName-LogicalId-` and 12 random characters, at most 63 in all."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(12))
    return f"{f'{stack}-{logical_id}'[: _MAX_NAME - 13].rstrip('-')}-{suffix}"


def _request(operation: str, properties: Document) -> Document:
    """Properties as the operation's request, checked; ValueError where AWS refuses them."""
    shape = validation.service_model("sagemaker").operation_model(operation).input_shape
    request: Document = validation.coerce("sagemaker", shape.name, properties) if shape else {}
    try:
        validation.validate("sagemaker", operation, request)
    except validation.Invalid as error:
        raise ValueError(str(error)) from error
    return request


def _call(scope: Scope, operation: str, request: Document) -> Document:
    try:
        return control.call(scope, operation, request)
    except AwsError as error:
        raise ValueError(error.message) from error


def _attributes(kind: str, name: str, arn: str) -> dict[str, str]:
    return {f"{kind}Name": name, f"{kind}Arn": arn}


def _creator(kind: str) -> Callable[[str, Document, str], Created]:
    def create(logical_id: str, properties: Document, stack: str) -> Created:
        named = {f"{kind}Name": _name(stack, logical_id), **properties}
        request = _request(f"Create{kind}", named)
        arn = _call(services.scope(), f"Create{kind}", request)[f"{kind}Arn"]
        return arn, _attributes(kind, request[f"{kind}Name"], arn)

    return create


def _retagger(kind: str) -> Callable[[str, Document, Document, str], Created]:
    def update(arn: str, old: Document, new: Document, stack: str) -> Created:
        del stack
        _retag(services.scope(), arn, old, new)
        return arn, _attributes(kind, arn.rpartition("/")[2], arn)

    return update


def _retag(scope: Scope, arn: str, old: Document, new: Document) -> None:
    wanted = new.get("Tags") or []
    dropped = {tag["Key"] for tag in old.get("Tags") or []} - {tag["Key"] for tag in wanted}
    if dropped:
        request = {"ResourceArn": arn, "TagKeys": sorted(dropped)}
        _call(scope, "DeleteTags", _request("DeleteTags", request))
    if wanted:
        request = {"ResourceArn": arn, "Tags": wanted}
        _call(scope, "AddTags", _request("AddTags", request))


def _deleter(kind: str) -> Callable[[str, Document], None]:
    def delete(arn: str, properties: Document) -> None:
        del properties
        request = {f"{kind}Name": arn.rpartition("/")[2]}
        try:
            control.call(services.scope(), f"Delete{kind}", request)
        except AwsError as error:
            if not error.message.startswith("Could not find"):
                raise ValueError(error.message) from error

    return delete


def _create_endpoint(logical_id: str, properties: Document, stack: str) -> Created:
    scope = services.scope()
    # These three exist for updates alone: CreateEndpoint does not know them.
    given = {key: value for key, value in properties.items() if key not in _UPDATES_ONLY}
    request = _request("CreateEndpoint", {"EndpointName": _name(stack, logical_id), **given})
    try:
        endpoint, done = endpoints.create(scope, request)
    except AwsError as error:
        raise ValueError(error.message) from error
    try:
        done.result()
    except HostingError as error:
        # A stack knows no id of what it failed to make, so its rollback could not delete it.
        _wait(*endpoints.delete(scope, endpoint.name))
        raise ValueError(str(error)) from error
    return endpoint.arn, _attributes("Endpoint", endpoint.name, endpoint.arn)


_UPDATES_ONLY = (
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
    "RetainDeploymentConfig",
)


def _update_endpoint(arn: str, old: Document, new: Document, stack: str) -> Created:
    del stack
    scope, name = services.scope(), arn.rpartition("/")[2]
    if _without_tags(old) != _without_tags(new):
        request = _request("UpdateEndpoint", {**_without_tags(new), "EndpointName": name})
        try:
            _wait(*endpoints.update(scope, request))
        except AwsError as error:
            raise ValueError(error.message) from error
    _retag(scope, arn, old, new)
    return arn, _attributes("Endpoint", name, arn)


def _without_tags(properties: Document) -> Document:
    return {key: value for key, value in properties.items() if key != "Tags"}


def _delete_endpoint(arn: str, properties: Document) -> None:
    del properties
    try:
        _wait(*endpoints.delete(services.scope(), arn.rpartition("/")[2]))
    except AwsError as error:
        if not error.message.startswith("Could not find"):
            raise ValueError(error.message) from error


def _wait(endpoint: Endpoint, done: hosting.Done) -> None:
    try:
        done.result()
    except HostingError as error:
        raise ValueError(f"{endpoint.name}: {error}") from error


RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::SageMaker::Model": {
        "create": _creator("Model"),
        "update": _retagger("Model"),
        "delete": _deleter("Model"),
    },
    "AWS::SageMaker::EndpointConfig": {
        "create": _creator("EndpointConfig"),
        "update": _retagger("EndpointConfig"),
        "delete": _deleter("EndpointConfig"),
    },
    "AWS::SageMaker::Endpoint": {
        "create": _create_endpoint,
        "update": _update_endpoint,
        "delete": _delete_endpoint,
    },
}
"""What MiniStack's CloudFormation calls, on a worker thread: creating and updating an endpoint
blocks until it serves or has failed."""
