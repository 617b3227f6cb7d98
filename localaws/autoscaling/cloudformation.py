"""AWS::ApplicationAutoScaling::ScalableTarget and ::ScalingPolicy."""

from localaws.autoscaling.service import SERVICE, perform
from localaws.json_api import AwsError
from localaws.resource_types import Created, resource_type
from localaws.scope import Document
from localaws.validation import coerce

_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")
"""The members that name a target; its physical id is their values, joined."""


def _call(operation: str, members: Document) -> Document:
    return perform(operation, coerce(SERVICE, f"{operation}Request", members))


def _put_target(properties: Document) -> Created:
    # Always the service-linked role, here as on AWS, where RoleARN is ignored for SageMaker.
    unused = ("Tags", "ScheduledActions", "RoleARN")
    members = {name: value for name, value in properties.items() if name not in unused}
    _call("RegisterScalableTarget", members)
    identity = "|".join(members[name] for name in _TARGET)
    for action in properties.get("ScheduledActions") or []:
        _call("PutScheduledAction", _identity(identity) | action)
    return identity, {"Id": identity}


def _update_target(physical_id: str, old: Document, new: Document, _stack: str) -> Created:
    for name in sorted(_action_names(old) - _action_names(new)):
        _delete("DeleteScheduledAction", _identity(physical_id) | {"ScheduledActionName": name})
    return _put_target(new)


def _action_names(properties: Document) -> set[str]:
    return {action["ScheduledActionName"] for action in properties.get("ScheduledActions") or []}


def _put_policy(properties: Document) -> Created:
    arn = _call("PutScalingPolicy", _policy_members(properties))["PolicyARN"]
    return arn, {"Arn": arn}


def _delete_policy(_physical_id: str, properties: Document) -> None:
    members = _policy_members(properties)
    _delete("DeleteScalingPolicy", {name: members[name] for name in ("PolicyName", *_TARGET)})


def _delete(operation: str, members: Document) -> None:
    try:
        perform(operation, members)
    except AwsError as refusal:
        # Deregistering the target took its policies with it, or somebody else did.
        if refusal.code != "ObjectNotFoundException":
            raise


def _policy_members(properties: Document) -> Document:
    members = dict(properties)
    target = members.pop("ScalingTargetId", None)
    return (_identity(target) if target else {}) | members


def _identity(target_id: str) -> Document:
    return dict(zip(_TARGET, target_id.split("|"), strict=True))


RESOURCES = {
    "AWS::ApplicationAutoScaling::ScalableTarget": resource_type(
        lambda _logical_id, properties, _stack: _put_target(properties),
        _update_target,
        lambda target_id, _properties: _delete("DeregisterScalableTarget", _identity(target_id)),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": resource_type(
        lambda _logical_id, properties, _stack: _put_policy(properties),
        lambda _arn, _old, new, _stack: _put_policy(new),
        _delete_policy,
    ),
}
