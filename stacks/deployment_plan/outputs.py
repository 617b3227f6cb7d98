"""What stacks tell each other: outputs, and which of their values an update changes."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from stacks.deployment_plan.compare import Action, Change, Template
from stacks.deployment_plan.intrinsics import imports, references


def changed_outputs(
    stack: str,
    before: Template,
    after: Template,
    changes: Iterable[Change],
    read: AbstractSet[str],
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
