"""What an update would take from the data that a stage keeps."""

from stacks.deployment_plan.compare import Action, Change, Resource
from stacks.deployment_plan.resource_types import ResourceTypes
from stacks.deployment_plan.wording import named

# From weakest to strongest. DeletionPolicy's own default is Delete.
_STRENGTH = ("Delete", "Snapshot", "RetainExceptOnCreate", "Retain")
_POLICIES = {"DeletionPolicy": "the stack lets go of it", "UpdateReplacePolicy": "it is replaced"}


def losses(
    changes: list[Change], old: dict[str, Resource], new: dict[str, Resource], types: ResourceTypes
) -> list[str]:
    """What happens to resources that hold data: a line each; nothing where all are kept."""
    lost = [
        _loss(change)
        for change in changes
        if change.action in (Action.DELETE, Action.REPLACE)
        and change.before["Type"] in types.holding_data
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
    fate = "stays, known to no stack any more" if is_kept(change) else "is deleted with its data"
    return f"{named(change)} {what} {fate}"


def is_kept(change: Change) -> bool:
    """Whether what a change deletes or replaces stays behind, known to no stack any more."""
    if change.action == Action.REPLACE:
        return _policy(change.after, "UpdateReplacePolicy").startswith("Retain")
    return _policy(change.before, "DeletionPolicy").startswith("Retain")


def _policy(resource: Resource, name: str) -> str:
    policy = resource.get(name, "Delete")
    return policy if policy in _STRENGTH else "Delete"
