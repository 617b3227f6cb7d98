"""What a deployment would allow beyond what is deployed and what a review has seen, by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from stacks.deployment_plan.access import gained
from stacks.deployment_plan.compare import Resource, Template
from stacks.deployment_plan.intrinsics import render

# Of these a resource itself is the permission, whatever its properties are called.
_GRANTING = (
    *("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::Lambda::Permission"),
    *("AWS::IAM::AccessKey", "AWS::IAM::UserToGroupAddition", "AWS::RAM::ResourceShare"),
)
_RULES = ("SecurityGroupIngress", "SecurityGroupEgress")


def broadened(
    stack: str, before: Template | None, reviewed: Template | None, after: Template
) -> list[str]:
    """A line for each thing that neither template allows, and the new one does.

    Args:
        before: the deployed template; None where the stack is not deployed.
        reviewed: the snapshot of the checkout that deploys; None where it has none.
    """
    known = [each.get("Resources", {}) for each in (before, reviewed) if each is not None]
    new: dict[str, Resource] = after.get("Resources", {})
    types = {resource["Type"] for resources in known for resource in resources.values()}
    lines = []
    for logical_id, resource in new.items():
        allowed = [
            _allowed(resources.get(logical_id, {}), resource, resources, new) for resources in known
        ]
        found = allowed or [_allowed({}, resource, {}, new)]
        common = [each for each in found[0] if all(each in others for others in found)]
        if known and resource["Type"] not in types:
            common = common or [f"the first {resource['Type']}"]
        lines += [f"{stack}: {logical_id}: {each}" for each in common]
    gone = known[0] if before is not None else {}
    for logical_id, resource in gone.items():
        if logical_id not in new:
            lines += [f"{stack}: {logical_id}: {each}" for each in gained(resource, {}, gone, new)]
    return lines


def _allowed(
    before: Resource, after: Resource, old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> list[str]:
    """What one resource allows that another does not."""
    permissions = [str(each) for each in gained(before, after, dict(old), dict(new))]
    had = set(_rules(before, old))
    return permissions + [each for each in _rules(after, new) if each not in had]


def _rules(resource: Resource, resources: Mapping[str, Resource]) -> Iterator[str]:
    """What it lets in or out, or allows by being there."""
    properties: dict[str, Any] = resource.get("Properties", {})
    if resource.get("Type") in _GRANTING:
        yield f"may now: {_text(properties, resources)}"
    for name in _RULES:
        for rule in properties.get(name, []):
            yield f"{name}: {_text(rule, resources)}"


def _text(value: Any, resources: Mapping[str, Resource]) -> str:
    if not isinstance(value, dict):
        return render(value, dict(resources))
    said = (f"{key} {render(inner, dict(resources))}" for key, inner in sorted(value.items()))
    return ", ".join(said)
