"""What CloudFormation would do to a stack's resources, found from two of its templates.

Resources are the same where their logical ids are. One that names a replaced resource changes
too, though its text does not: that is how a new Model replaces its EndpointConfig.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any

from stacks.deployment_plan.intrinsics import Path, imports, is_intrinsic, references
from stacks.deployment_plan.resource_types import ResourceTypes

# What tells the items of a list apart, in the lists that our types have.
_NAMES = ("VariantName", "PolicyName", "Name", "Key")

Template = dict[str, Any]
Resource = dict[str, Any]


class Action(StrEnum):
    """What happens to a resource, as the plan words it."""

    CREATE = "creates"
    UPDATE = "updates"
    REPLACE = "replaces"
    DELETE = "deletes"


@dataclass(frozen=True)
class Difference:
    """A property's change; None stands for a side that has no such property."""

    path: Path
    before: Any
    after: Any
    follows: str | None = None
    """The replaced resource that a value of unchanged text refers to."""
    reads: str | None = None
    """The other stack's changed output that a value of unchanged text reads."""


@dataclass(frozen=True)
class Change:
    """What happens to one resource, and why."""

    action: Action
    logical_id: str
    before: Resource
    """Empty where the resource is created."""
    after: Resource
    """Empty where the resource is deleted."""
    differences: tuple[Difference, ...] = ()

    @property
    def type(self) -> str:
        """The resource's type in full (`AWS::SageMaker::Model`)."""
        return str((self.after or self.before)["Type"])


def compare(
    before: Template,
    after: Template,
    types: ResourceTypes,
    changed_outputs: AbstractSet[str] = frozenset(),
) -> list[Change]:
    """Every change, in CloudFormation's order: what others refer to first, deletions last.

    `changed_outputs`: of other stacks, as `outputs_that_change` names them.
    """
    old, new = _resources(before), _resources(after)
    changes: list[Change] = []
    replaced: set[str] = set()
    for logical_id in _in_order(new):
        if logical_id not in old:
            changes.append(Change(Action.CREATE, logical_id, {}, new[logical_id]))
            continue
        following = [*_following(new[logical_id], replaced, changed_outputs)]
        change = _change(logical_id, old[logical_id], new[logical_id], following, types)
        if change is not None:
            changes.append(change)
            replaced |= {logical_id} if change.action == Action.REPLACE else set()
    gone = [logical_id for logical_id in _in_order(old) if logical_id not in new]
    changes += [Change(Action.DELETE, name, old[name], {}) for name in reversed(gone)]
    return changes


def outputs_that_change(
    stack: str, before: Template, after: Template, changes: Iterable[Change], read: AbstractSet[str]
) -> set[str]:
    """The outputs that will have another value, as `STACK.OUTPUT` and by their exports' names.

    That is where the value's text is another, where it names a resource that is replaced, and
    where it is made of an output in `read`: those of other stacks that change. An attribute that
    a resource changes while it is updated in place is not known before.
    """
    replaced = {change.logical_id for change in changes if change.action == Action.REPLACE}
    old = before.get("Outputs", {})
    found: set[str] = set()
    for name, output in after.get("Outputs", {}).items():
        value = output["Value"]
        follows = any(it in replaced for _, it in references(value)) or any(
            it in read for _, it in imports(value)
        )
        if name in old and (follows or old[name]["Value"] != value):
            export = output.get("Export", {}).get("Name")
            found |= {f"{stack}.{name}"} | ({export} if isinstance(export, str) else set())
    return found


def _resources(template: Template) -> dict[str, Resource]:
    resources: dict[str, Resource] = template.get("Resources", {})
    return resources


def _in_order(resources: dict[str, Resource]) -> list[str]:
    graph = {name: sorted(_depends_on(resource)) for name, resource in sorted(resources.items())}
    return [name for name in TopologicalSorter(graph).static_order() if name in resources]


def _depends_on(resource: Resource) -> set[str]:
    named = resource.get("DependsOn", [])
    explicit = {named} if isinstance(named, str) else set(named)
    return explicit | {name for _, name in references(resource.get("Properties", {}))}


def _following(
    resource: Resource, replaced: AbstractSet[str], changed_outputs: AbstractSet[str]
) -> Iterator[Difference]:
    """Values whose text may be the same, and that change with what they name."""
    properties = resource.get("Properties", {})
    for path, name in references(properties):
        if name in replaced:
            yield Difference(path, None, None, follows=name)
    for path, name in imports(properties):
        if name in changed_outputs:
            yield Difference(path, None, None, reads=name)


def _change(
    logical_id: str, old: Resource, new: Resource, following: list[Difference], types: ResourceTypes
) -> Change | None:
    if old["Type"] != new["Type"]:
        difference = Difference(("Type",), old["Type"], new["Type"])
        return Change(Action.REPLACE, logical_id, old, new, (difference,))
    differences = [*_differences(old.get("Properties", {}), new.get("Properties", {}))]
    paths = {difference.path for difference in differences}
    differences += [each for each in following if each.path not in paths]
    if not differences:
        return None
    replaces = any(types.replaces(new["Type"], each.path[0]) for each in differences)
    action = Action.REPLACE if replaces else Action.UPDATE
    return Change(action, logical_id, old, new, tuple(differences))


def _differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and not _opaque(old, new):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        # An order that changes is a change, though every item is there as it was.
        yield from [*_in_list(old, new, path)] or [Difference(path, old, new)]
    else:
        yield Difference(path, old, new)


def _in_list(old: list[Any], new: list[Any], path: Path) -> Iterator[Difference]:
    """Item by item: by name where they have names, else by place where there are as many."""
    for key in _NAMES:
        if _named_by(key, old) and _named_by(key, new):
            ones, others = ({item[key]: item for item in items} for items in (old, new))
            yield from _differences(ones, others, path)
            return
    if len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, (*path, str(index)))


def _named_by(key: str, items: list[Any]) -> bool:
    names = [item.get(key) for item in items if isinstance(item, dict)]
    return len(names) == len(items) == len(set(map(str, names))) and all(
        isinstance(name, str) for name in names
    )


def _opaque(*values: object) -> bool:
    return any(is_intrinsic(value) for value in values)
