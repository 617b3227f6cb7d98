"""AWS::SageMaker::Model, ::EndpointConfig and ::Endpoint for stacks.

CloudFormation's properties have the API's names, so a resource is made by the API's own operation.
MiniStack calls these functions on a worker thread: creating and updating an endpoint blocks until
it serves or has failed.
"""

import secrets
import string

from localaws.json_api import AwsError
from localaws.ministack import services
from localaws.resource_types import Created, ResourceType, resource_type
from localaws.sagemaker import control, endpoints, hosting
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.state import Endpoint
from localaws.scope import Document
from localaws.validation import from_template

_MAX_NAME = 63
_SUFFIX = string.ascii_letters + string.digits

_UPDATES_ONLY = (
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
    "RetainDeploymentConfig",
)
"""What an endpoint has for updates alone: CreateEndpoint does not know it."""


def _name(stack: str, logical_id: str) -> str:
    """`StackName-LogicalId-` and 12 random characters, at most 63 in all."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(12))
    return f"{f'{stack}-{logical_id}'[: _MAX_NAME - 13].rstrip('-')}-{suffix}"


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _without(properties: Document, *names: str) -> Document:
    return {key: value for key, value in properties.items() if key not in names}


def _call(operation: str, properties: Document) -> Document:
    request = from_template("sagemaker", operation, properties)
    return control.call(services.scope(), operation, request)


def _made(kind: str, arn: str) -> Created:
    return arn, {f"{kind}Name": _name_of(arn), f"{kind}Arn": arn}


def _named(kind: str) -> ResourceType:
    """A model or an endpoint configuration: only its tags can change in place."""

    def create(logical_id: str, properties: Document, stack: str) -> Created:
        named = {f"{kind}Name": _name(stack, logical_id), **properties}
        return _made(kind, _call(f"Create{kind}", named)[f"{kind}Arn"])

    def update(arn: str, old: Document, new: Document, _stack: str) -> Created:
        _retag(arn, old, new)
        return _made(kind, arn)

    def delete(arn: str, _properties: Document) -> None:
        try:
            _call(f"Delete{kind}", {f"{kind}Name": _name_of(arn)})
        except AwsError as error:
            _allow_missing(error)

    return resource_type(create, update, delete)


def _allow_missing(error: AwsError) -> None:
    if not error.message.startswith("Could not find"):
        raise error


def _retag(arn: str, old: Document, new: Document) -> None:
    wanted = new.get("Tags") or []
    dropped = {tag["Key"] for tag in old.get("Tags") or []} - {tag["Key"] for tag in wanted}
    if dropped:
        _call("DeleteTags", {"ResourceArn": arn, "TagKeys": sorted(dropped)})
    if wanted:
        _call("AddTags", {"ResourceArn": arn, "Tags": wanted})


def _create_endpoint(logical_id: str, properties: Document, stack: str) -> Created:
    scope = services.scope()
    named = {"EndpointName": _name(stack, logical_id), **_without(properties, *_UPDATES_ONLY)}
    request = from_template("sagemaker", "CreateEndpoint", named)
    endpoint, done = endpoints.create(scope, request)
    try:
        done.result()
    except HostingError as error:
        # A stack knows no id of what it failed to make, so its rollback could not delete it.
        _wait(*endpoints.delete(scope, endpoint.name))
        raise ValueError(str(error)) from error
    return _made("Endpoint", endpoint.arn)


def _update_endpoint(arn: str, old: Document, new: Document, _stack: str) -> Created:
    wanted = _without(new, "Tags")
    if _without(old, "Tags") != wanted:
        named = {**wanted, "EndpointName": _name_of(arn)}
        request = from_template("sagemaker", "UpdateEndpoint", named)
        _wait(*endpoints.update(services.scope(), request))
    _retag(arn, old, new)
    return _made("Endpoint", arn)


def _delete_endpoint(arn: str, _properties: Document) -> None:
    try:
        _wait(*endpoints.delete(services.scope(), _name_of(arn)))
    except AwsError as error:
        _allow_missing(error)


def _wait(endpoint: Endpoint, done: hosting.Done) -> None:
    try:
        done.result()
    except HostingError as error:
        raise ValueError(f"{endpoint.name}: {error}") from error


RESOURCES = {
    "AWS::SageMaker::Model": _named("Model"),
    "AWS::SageMaker::EndpointConfig": _named("EndpointConfig"),
    "AWS::SageMaker::Endpoint": resource_type(_create_endpoint, _update_endpoint, _delete_endpoint),
}
