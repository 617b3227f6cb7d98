"""What an update would take from the data that a stage keeps."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from stacks.deployment_plan.compare import Action, Change, Resource, Template
from stacks.deployment_plan.resource_types import ResourceTypes
from stacks.deployment_plan.wording import named

_LOG_GROUP = "AWS::Logs::LogGroup"
# From weakest to strongest. DeletionPolicy's own default is Delete.
_STRENGTH = ("Delete", "Snapshot", "RetainExceptOnCreate", "Retain")
_POLICIES = {"DeletionPolicy": "it leaves the stack", "UpdateReplacePolicy": "it is replaced"}


@dataclass(frozen=True)
class StackTemplates:
    """A stack's template as it is deployed, None where it is not, and as it is synthesized."""

    name: str
    before: Template | None
    after: Template


def log_group_names(template: Template | None) -> set[str]:
    """The names of a template's log groups, as far as they are written out."""
    resources = (template or {}).get("Resources", {}).values()
    return set(filter(None, map(_log_group_name, resources)))


def _log_group_name(resource: Resource) -> str | None:
    name = resource.get("Properties", {}).get("LogGroupName")
    return name if resource.get("Type") == _LOG_GROUP and isinstance(name, str) else None


def moved_log_groups(stacks: Sequence[StackTemplates]) -> Iterator[tuple[str, str, str]]:
    """Names of log groups that leave one stack for another, with the two stacks' names.

    CloudFormation would have to make the new one while the old one of its name is there.
    """
    for source in stacks:
        for target in stacks:
            comes = log_group_names(target.after) - log_group_names(target.before)
            for name in sorted(comes & log_group_names(source.before)):
                yield name, source.name, target.name


def losses(
    changes: list[Change],
    old: dict[str, Resource],
    new: dict[str, Resource],
    types: ResourceTypes,
    moved: AbstractSet[str] = frozenset(),
) -> list[str]:
    """What happens to resources that hold data: a line each; nothing where all are kept.

    `moved`: names of log groups that go to another stack.
    """
    lost = [
        _loss(change)
        for change in changes
        if change.action in (Action.DELETE, Action.REPLACE)
        and change.before["Type"] in types.holding_data
        and _log_group_name(change.before) not in moved
    ]
    weaker = [
        f"{named(Change(Action.UPDATE, name, old[name], new[name]))}: {policy} goes from {was} to "
        f"{will}: its data is lost when {when}"
        for name in sorted(old.keys() & new.keys())
        if new[name]["Type"] in types.holding_data
        for policy, when in _POLICIES.items()
        for was, will in [(_policy(old[name], policy), _policy(new[name], policy))]
        if _STRENGTH.index(will) < _STRENGTH.index(was)
    ]
    return lost + weaker


def _loss(change: Change) -> str:
    replaced = change.action == Action.REPLACE
    what = "is replaced by an empty one; the old one" if replaced else "leaves the stack; it"
    fate = "stays, outside of any stack" if is_kept(change) else "is deleted with its data"
    return f"{named(change)} {what} {fate}"


def is_kept(change: Change) -> bool:
    """Whether what a change deletes or replaces stays, outside of any stack."""
    if change.action == Action.REPLACE:
        return _policy(change.after, "UpdateReplacePolicy").startswith("Retain")
    return _policy(change.before, "DeletionPolicy").startswith("Retain")


def _policy(resource: Resource, name: str) -> str:
    policy = resource.get(name, "Delete")
    return policy if policy in _STRENGTH else "Delete"
