"""AWS::ApplicationAutoScaling::ScalableTarget and ::ScalingPolicy.

The emulator replaces a resource where CloudFormation's schema says so: `update` is in place.
"""

from typing import Any

from localaws.autoscaling.service import SERVICE, perform
from localaws.json_api import AwsError
from localaws.validation import Invalid, coerce

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]


def _call(operation: str, members: Properties) -> Properties:
    """An operation as CloudFormation calls it; ValueError with its reason where it is refused."""
    try:
        return perform(operation, coerce(SERVICE, f"{operation}Request", members))
    except (Invalid, AwsError) as refusal:
        raise ValueError(str(refusal)) from None


def _put_target(_logical_id: str, properties: Properties, _stack: str) -> Created:
    members = {name: value for name, value in properties.items() if name != "Tags"}
    actions = members.pop("ScheduledActions", None) or []
    # Always the service-linked role, here as on AWS, where this one is ignored for SageMaker.
    members.pop("RoleARN", None)
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    _call("RegisterScalableTarget", members | ({"Tags": tags} if tags else {}))
    identity = "|".join(
        members[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
    )
    for action in actions:
        _call("PutScheduledAction", _identity(identity) | action)
    return identity, {"Id": identity}


def _update_target(physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
    dropped = _action_names(old) - _action_names(new)
    for name in sorted(dropped):
        _delete("DeleteScheduledAction", _identity(physical_id) | {"ScheduledActionName": name})
    return _put_target("", new, stack)


def _action_names(properties: Properties) -> set[str]:
    return {action["ScheduledActionName"] for action in properties.get("ScheduledActions") or []}


def _delete_target(physical_id: str, _properties: Properties) -> None:
    _delete("DeregisterScalableTarget", _identity(physical_id))


def _put_policy(_logical_id: str, properties: Properties, _stack: str) -> Created:
    arn = _call("PutScalingPolicy", _policy_members(properties))["PolicyARN"]
    return arn, {"Arn": arn}


def _update_policy(_physical_id: str, _old: Properties, new: Properties, stack: str) -> Created:
    return _put_policy("", new, stack)


def _delete_policy(_physical_id: str, properties: Properties) -> None:
    members = _policy_members(properties)
    names = ("PolicyName", "ServiceNamespace", "ResourceId", "ScalableDimension")
    _delete("DeleteScalingPolicy", {name: members[name] for name in names})


def _delete(operation: str, members: Properties) -> None:
    try:
        perform(operation, members)
    except AwsError as refusal:
        # Deregistering the target took its policies with it, or somebody else did.
        if refusal.code != "ObjectNotFoundException":
            raise ValueError(str(refusal)) from None


def _policy_members(properties: Properties) -> Properties:
    members = dict(properties)
    target = members.pop("ScalingTargetId", None)
    return (_identity(target) if target else {}) | members


def _identity(target_id: str) -> Properties:
    resource, dimension, namespace = target_id.split("|")
    return {
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "ServiceNamespace": namespace,
    }


RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "create": _put_target,
        "update": _update_target,
        "delete": _delete_target,
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "create": _put_policy,
        "update": _update_policy,
        "delete": _delete_policy,
    },
}
