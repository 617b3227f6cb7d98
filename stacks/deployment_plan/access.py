"""Who may do more, or less, after an update: permissions of two resources, compared."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from stacks.deployment_plan.compare import Resource
from stacks.deployment_plan.intrinsics import is_intrinsic, render

# Every property that holds policies, of the types that have any here.
POLICY_PROPERTIES = frozenset(
    {
        "AssumeRolePolicyDocument",
        "KeyPolicy",
        "ManagedPolicyArns",
        "Policies",
        "PolicyDocument",
        "PermissionsBoundary",
    }
)

_ASSET = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, order=True)
class Permission:
    """One action on one resource, as a statement allows or denies it."""

    action: str
    resource: str = ""
    principal: str = ""
    """Empty in a role's own policy, where it is the role."""
    condition: str = ""
    effect: str = "Allow"

    def __str__(self) -> str:
        who = f"{self.principal}: " if self.principal else ""
        limit = f" if {self.condition}" if self.condition else ""
        what = f"{who}{self.action}{f' on {self.resource}' if self.resource else ''}{limit}"
        return f"may now: {what}" if self.effect == "Allow" else f"no longer denied: {what}"


def gained(
    before: Resource, after: Resource, old: dict[str, Resource], new: dict[str, Resource]
) -> list[Permission]:
    """What is allowed, or no longer denied, that was not before.

    An asset's object is named by its content: another one in its place is no wider.
    """
    was, will = _permissions(before, old), _permissions(after, new)
    return sorted(
        [each for each in will if each.effect == "Allow" and not _covered(each, was)]
        + [each for each in was if each.effect == "Deny" and not _covered(each, will)]
    )


def _covered(permission: Permission, by: set[Permission]) -> bool:
    return any(_covers(each, permission) for each in by)


def _covers(wide: Permission, narrow: Permission) -> bool:
    """Whether one statement says all that another does; IAM's wildcards are * and ?."""
    return (
        wide.effect == narrow.effect
        and wide.principal in (narrow.principal, "*")
        and wide.condition in (narrow.condition, "")
        and _matches(narrow.action.lower(), wide.action.lower())
        and _matches(narrow.resource, wide.resource)
    )


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _permissions(resource: Resource, resources: dict[str, Resource]) -> set[Permission]:
    properties = {
        name: value
        for name, value in resource.get("Properties", {}).items()
        if name in POLICY_PROPERTIES
    }
    managed = properties.pop("ManagedPolicyArns", [])
    boundary = properties.pop("PermissionsBoundary", None)
    found = {Permission(f"what {_text(arn, resources)} allows") for arn in managed}
    if boundary is not None:
        # What a boundary leaves out is denied: without it, or with another, more may be allowed.
        found.add(Permission(f"what {_text(boundary, resources)} leaves out", effect="Deny"))
    for statement in _statements(list(properties.values())):
        found |= set(_atoms(statement, resources))
    return found


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "Effect" in value:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _statements(item)


def _atoms(statement: dict[str, Any], resources: dict[str, Resource]) -> Iterator[Permission]:
    condition = _text(statement["Condition"], resources) if "Condition" in statement else ""
    base = Permission("", condition=condition, effect=statement["Effect"])
    parts = (
        _listed(statement, "Action", resources),
        _listed(statement, "Resource", resources),
        _principals(statement, resources),
    )
    for action, resource, principal in product(*parts):
        yield replace(base, action=action, resource=resource, principal=principal)


def _listed(statement: dict[str, Any], name: str, resources: dict[str, Resource]) -> list[str]:
    if f"Not{name}" in statement:
        # Never taken for a pattern that covers anything but itself.
        return [f"all but {_text(statement[f'Not{name}'], resources)}"]
    value = statement.get(name, "")
    items = value if isinstance(value, list) else [value]
    return [_text(item, resources) for item in items]


def _principals(statement: dict[str, Any], resources: dict[str, Resource]) -> list[str]:
    value = statement.get("Principal")
    if "NotPrincipal" in statement:
        return [f"all but {_text(statement['NotPrincipal'], resources)}"]
    if not isinstance(value, dict) or is_intrinsic(value):
        return ["" if value is None else _text(value, resources)]
    groups = (group if isinstance(group, list) else [group] for group in value.values())
    return [_text(item, resources) for group in groups for item in group]


def _text(value: Any, resources: dict[str, Resource]) -> str:
    if isinstance(value, dict) and not is_intrinsic(value):
        value = json.dumps(value, sort_keys=True)
    return _ASSET.sub("<asset>", render(value, resources))
