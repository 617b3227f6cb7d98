"""The plan of a stage: its lines, and whether it is refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

from stacks.deployment_plan import hosting
from stacks.deployment_plan.access import POLICY_PROPERTIES, gained
from stacks.deployment_plan.compare import (
    Action,
    Change,
    Resource,
    Template,
    compare,
    outputs_that_change,
)
from stacks.deployment_plan.data import (
    StackTemplates,
    is_kept,
    log_group_names,
    losses,
    moved_log_groups,
)
from stacks.deployment_plan.intrinsics import imports
from stacks.deployment_plan.resource_types import ResourceTypes
from stacks.deployment_plan.wording import named, reasons, short_type

_ENDPOINT = "AWS::SageMaker::Endpoint"


class Tone(Enum):
    """What a line is: the value is its sign, for terminals without colours."""

    PLAIN = ""
    WARNING = "! "
    REFUSAL = "✗ "


@dataclass(frozen=True)
class Line:
    """A line of the plan; `depth` is its level of indentation."""

    text: str
    depth: int = 0
    tone: Tone = Tone.PLAIN

    def __str__(self) -> str:
        return "  " * self.depth + self.tone.value + self.text


@dataclass(frozen=True)
class DeploymentPlan:
    """What a deployment would do; `refused` where it would take data and may not, or must fail."""

    lines: tuple[Line, ...]
    refused: bool


def plan(
    stage: str, stacks: Sequence[StackTemplates], types: ResourceTypes, *, may_delete_data: bool
) -> DeploymentPlan:
    """The plan of a stage's stacks, given in the order in which they are deployed."""
    lines: list[Line] = []
    lost: list[str] = []
    deployed = [(stack.name, stack.before) for stack in stacks if stack.before is not None]
    changed: set[str] = set()
    moves = list(moved_log_groups(stacks))
    moved = {name for name, _, _ in moves}
    for stack in stacks:
        if stack.before is None:
            lines += _creation(stack.name, stack.after)
            continue
        update = _Update(stage, stack.before, stack.after, types, changed, moved=moved)
        lines += [Line(f"{stack.name}: {update.summary}"), *update.lines()]
        own = outputs_that_change(stack.name, stack.before, stack.after, update.changes, changed)
        lines += _exports_in_use(own, deployed)
        changed |= own
        lost += [f"{stack.name}: {loss}" for loss in update.losses]
    lines += [line for stack in stacks for line in _taken_over(stack, moved)]
    lines += [line for stack in stacks for line in _captures(stack)]
    if lost:
        lines.append(Line("touches data:"))
        lines += [Line(loss, 1, Tone.REFUSAL) for loss in lost]
        lines.append(Line(_verdict(stage, may_delete_data)))
    if moves:
        lines.append(Line("cannot be deployed as it is:"))
        lines += [
            Line(f"LogGroup {name} goes from {source} to {target}", 1, Tone.REFUSAL)
            for name, source, target in moves
        ]
        lines.append(
            Line(
                "refused: CloudFormation makes no second log group of a name; "
                "docs/upgrading.md says how to move it"
            )
        )
    return DeploymentPlan(tuple(lines), refused=bool(moves) or (bool(lost) and not may_delete_data))


def _verdict(stage: str, may_delete_data: bool) -> str:
    keys = f'[{stage}.data] removal_policy = "destroy" and delete_data = true'
    if may_delete_data:
        return f"allowed: stages.toml has {keys}"
    return f"refused: it takes {keys} in stages.toml to go on"


def _creation(name: str, template: Template) -> Iterator[Line]:
    resources = template.get("Resources", {}).values()
    counts = Counter(short_type(resource["Type"]) for resource in resources)
    yield Line(f"{name}: not deployed yet, everything is created ({len(resources)} resources)")
    yield Line(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())), 1)


def _taken_over(stack: StackTemplates, moved: AbstractSet[str]) -> Iterator[Line]:
    """A kept log group of a name that a stack is to make is in its way, unless it is imported.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    made = sorted(log_group_names(stack.after) - log_group_names(stack.before) - moved)
    if made:
        yield Line(
            f"{stack.name} makes {', '.join(made)}: where one of that name was kept,"
            " cdk deploy --import-existing-resources takes it over"
        )


def _captures(stack: StackTemplates) -> Iterator[Line]:
    """What is sent to an endpoint with data capture is written as it was sent.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
    """
    for resource in stack.after.get("Resources", {}).values():
        capture = resource.get("Properties", {}).get("DataCaptureConfig", {})
        if capture.get("EnableCapture"):
            yield Line(
                f"{stack.name} captures data: SageMaker writes"
                f" {capture['InitialSamplingPercentage']} % of requests and responses as they are,"
                " and nothing in a container can change that",
                tone=Tone.WARNING,
            )


def _exports_in_use(
    changed: AbstractSet[str], deployed: Sequence[tuple[str, Template]]
) -> Iterator[Line]:
    """CloudFormation changes no export while a stack imports it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    """
    for name, template in deployed:
        imported = {export for _, export in imports(template)}
        # What Fn::GetStackOutput reads stands here with a period, which no export's name has.
        for export in sorted(each for each in changed & imported if "." not in each):
            yield Line(
                f"CloudFormation refuses to change {export}: {name} imports it", 1, Tone.WARNING
            )


class _Update:
    """The update of one stack, in words."""

    def __init__(
        self,
        stage: str,
        before: Template,
        after: Template,
        types: ResourceTypes,
        changed_outputs: AbstractSet[str],
        *,
        moved: AbstractSet[str],
    ) -> None:
        self._stage = stage
        self.changes = compare(before, after, types, changed_outputs)
        self._old: dict[str, Resource] = before.get("Resources", {})
        self._new: dict[str, Resource] = after.get("Resources", {})
        self.losses = losses(self.changes, self._old, self._new, types, moved)
        self.summary = "is updated" if self.changes else "nothing to do"
        if not self.changes and before != after:
            self.summary = "no resource changes; CloudFormation stores the new template"
        elif self.changes and before == after:
            self.summary = (
                "is skipped, as its own template is unchanged (cdk deploy --force deploys it)"
            )

    def lines(self) -> Iterator[Line]:
        """A numbered line a change, with what it means under it."""
        for number, change in enumerate(self.changes, start=1):
            yield Line(f"{number}. {self._sentence(change)}", 1)
            yield from self._permissions(change)
            if change.type == _ENDPOINT:
                yield from self._endpoint(change)
        old = [
            named(change)
            for change in reversed(self.changes)
            if change.action == Action.REPLACE and not is_kept(change)
        ]
        if old:
            number = len(self.changes) + 1
            yield Line(f"{number}. deletes what was replaced: {', '.join(old)}", 1)

    def _sentence(self, change: Change) -> str:
        what = f"{change.action} {named(change)}"
        if not change.differences:
            kept = change.action == Action.DELETE and is_kept(change)
            return what + (" from the stack alone: it stays" if kept else "")
        place = " in place" if change.action == Action.UPDATE else ""
        visible = [each for each in change.differences if each.path[0] not in POLICY_PROPERTIES]
        hidden = len(visible) < len(change.differences)
        seen = Change(change.action, change.logical_id, change.before, change.after, tuple(visible))
        why = [*reasons(seen, self._new), *(["permissions"] if hidden else [])]
        return f"{what}{place}: {'; '.join(why)}"

    def _permissions(self, change: Change) -> Iterator[Line]:
        wider = gained(change.before, change.after, self._old, self._new)
        for permission in wider:
            yield Line(str(permission), 3, Tone.WARNING)
        if not wider and any(each.path[0] in POLICY_PROPERTIES for each in change.differences):
            yield Line("nothing is allowed that was not before", 3)

    def _endpoint(self, change: Change) -> Iterator[Line]:
        if change.action == Action.REPLACE:
            yield Line("every caller of the endpoint has to call the new one", 3, Tone.WARNING)
        if change.action != Action.UPDATE:
            return
        if not any(each.path == ("EndpointConfigName",) for each in change.differences):
            yield Line("the EndpointConfig stays as it is", 3)
            return
        refused = hosting.refusals(change, self._old, self._new, self._stage)
        if refused:
            yield Line(refused[0], 3, Tone.WARNING)
            yield from (Line(f"{index}) {step}", 4) for index, step in enumerate(refused[1:], 1))
        for line in hosting.traffic(change, self._new):
            yield Line(line, 3)
        for line in hosting.capacity(change, self._old, self._new):
            yield Line(line, 3)
