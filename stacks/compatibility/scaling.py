"""How many instances there are: what scaling can and cannot do in each mode."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.stage_plan import MODES, Mode


def targets_are_published(stage: CheckedStage) -> Iterator[Finding]:
    """A scaling target counts only in a mode whose endpoints publish its metric.

    Async endpoints publish neither Invocations nor InvocationsPerInstance. A warning, as a stage
    cannot take back what [defaults] sets. Source: SageMaker's guide, "Metrics for monitoring
    SageMaker AI with CloudWatch".
    """
    wanted = " or ".join(f"scaling.{name}" for name in stage.mode.scaling_targets)
    for target in stage.plan.ineffective_targets:
        yield stage.warn(
            f"scaling.{target}",
            f'mode = "{stage.mode.name}" has no such metric: it has no effect'
            + (f"; {wanted} has" if wanted else ""),
        )


def something_moves_the_capacity(stage: CheckedStage) -> Iterator[Finding]:
    """Where scaling is on and has room, a target or a schedule moves it.

    Source: Application Auto Scaling's guide (a target without a policy stays as it is).
    """
    scaling = stage.settings.scaling
    if not stage.plan.can_scale or scaling.min_capacity == scaling.max_capacity:
        return
    if not stage.plan.effective_targets and not scaling.schedule:
        name = stage.mode.scaling_targets[-1]
        yield stage.warn(
            "scaling.max_capacity",
            f"nothing ever scales up to it; set scaling.{name}, or min_capacity to the same",
        )


def steps_have_a_target(stage: CheckedStage) -> Iterator[Finding]:
    """Steps are percentages of `invocations_per_instance`, each from a load of its own on.

    Source: stacks/scaling.py; Application Auto Scaling's guide, "Step scaling policies" (steps
    may not overlap).
    """
    steps, aim = stage.settings.scaling.steps, stage.settings.scaling.invocations_per_instance
    if steps and not (stage.mode.can_scale_in_steps and aim):
        yield stage.refuse(
            "scaling.steps",
            "they are percentages of scaling.invocations_per_instance; set that, or leave them out",
        )
    if len({step.above_percent for step in steps}) < len(steps):
        yield stage.refuse("scaling.steps", "two begin at one above_percent; leave one out")


def capacity_reaches_zero_only_where_it_can(stage: CheckedStage) -> Iterator[Finding]:
    """No instances at all: async endpoints and inference components alone come back from that.

    Source: SageMaker's guide, "Autoscale an asynchronous endpoint" and "Scale an endpoint to
    zero instances".
    """
    if stage.mode.can_reach_zero or not stage.plan.can_scale:
        return
    scaling = stage.settings.scaling
    lowest = [("scaling.min_capacity", scaling.min_capacity)] + [
        (f"scaling.schedule[{index}].min_capacity", scheduled.min_capacity)
        for index, scheduled in enumerate(scaling.schedule)
    ]
    for key, capacity in lowest:
        if capacity == 0:
            yield stage.refuse(
                key, f'mode = "{stage.mode.name}" cannot go down to 0; {_instead(stage.mode)}'
            )


def _instead(mode: Mode) -> str:
    if not mode.has_instances:
        return "set 1, or provisioned_concurrency = 0"
    able = [f'"{one.name}"' for one in MODES.values() if one.has_endpoint and one.can_reach_zero]
    return f"set 1, or use mode = {' or '.join(able)}"


def provisioned_concurrency_can_scale(stage: CheckedStage) -> Iterator[Finding]:
    """Serverless endpoints scale their provisioned concurrency, up to the maximum concurrency.

    Source: ProductionVariantServerlessConfig in SageMaker's service model; SageMaker's guide,
    "Automatically scale Provisioned Concurrency".
    """
    if stage.mode.has_instances:
        return
    serverless, scaling = stage.settings.serverless, stage.settings.scaling
    if scaling.provisioned_concurrency_percent and not serverless.provisioned_concurrency:
        yield stage.refuse(
            "scaling.provisioned_concurrency_percent",
            "there is none to scale; set serverless.provisioned_concurrency",
        )
    if stage.plan.can_scale and scaling.max_capacity > serverless.max_concurrency:
        yield stage.refuse(
            "scaling.max_capacity",
            f"is provisioned concurrency here, which serverless.max_concurrency "
            f"({serverless.max_concurrency}) limits; set that at most",
        )


def schedule_has_scaling(stage: CheckedStage) -> Iterator[Finding]:
    """Scheduled capacities need the scaling target that `enabled = false` takes off.

    Source: Application Auto Scaling's guide, "Scheduled scaling".
    """
    if stage.settings.scaling.schedule and not stage.plan.can_scale:
        yield stage.warn("scaling.schedule", "has no effect: nothing scales here")
