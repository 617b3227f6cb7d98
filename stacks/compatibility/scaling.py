"""How many instances there are: what scaling can and cannot do in each mode."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding

# What each mode has metrics for. Source: SageMaker's guide, "Metrics for monitoring SageMaker AI
# with CloudWatch" and "Autoscale an asynchronous endpoint".
PUBLISHED_TARGETS: dict[str, set[str]] = {
    "real-time": {"invocations_per_instance", "concurrent_requests_per_model"},
    "multi-model": {"invocations_per_instance", "concurrent_requests_per_model"},
    "inference-component": {"invocations_per_instance", "concurrent_requests_per_model"},
    "async": {"backlog_per_instance"},
    "serverless": {"provisioned_concurrency_percent"},
    "batch": set(),
}
EVERY_TARGET = sorted(set().union(*PUBLISHED_TARGETS.values()))


def targets_are_published(stage: CheckedStage) -> Iterator[Finding]:
    """A scaling target counts only in a mode whose endpoints publish its metric.

    Async endpoints publish neither Invocations nor InvocationsPerInstance. A warning, as a stage
    cannot take back what [defaults] sets. Source: SageMaker's guide, "Metrics for monitoring
    SageMaker AI with CloudWatch".
    """
    for target in EVERY_TARGET:
        if getattr(stage.settings.scaling, target) and target not in PUBLISHED_TARGETS[stage.mode]:
            wanted = " or ".join(
                f"scaling.{name}" for name in sorted(PUBLISHED_TARGETS[stage.mode])
            )
            yield stage.warn(
                f"scaling.{target}",
                f'mode = "{stage.mode}" has no such metric: it has no effect'
                + (f"; {wanted} has" if wanted else ""),
            )


def something_moves_the_capacity(stage: CheckedStage) -> Iterator[Finding]:
    """Where scaling is on and has room, a target or a schedule moves it.

    Source: Application Auto Scaling's guide (a target without a policy stays as it is).
    """
    scaling = stage.settings.scaling
    if not _scales(stage) or scaling.min_capacity == scaling.max_capacity:
        return
    if not _targets(stage) and not scaling.schedule:
        name = sorted(PUBLISHED_TARGETS[stage.mode])[-1]
        yield stage.warn(
            "scaling.max_capacity",
            f"nothing ever scales up to it; set scaling.{name}, or min_capacity to the same",
        )


def steps_have_a_target(stage: CheckedStage) -> Iterator[Finding]:
    """Steps are percentages of `invocations_per_instance`, each from a load of its own on.

    Source: stacks/scaling.py; Application Auto Scaling's guide, "Step scaling policies" (steps
    may not overlap).
    """
    steps = stage.settings.scaling.steps
    stepped = stage.mode in {"real-time", "multi-model"}
    if steps and not (stepped and stage.settings.scaling.invocations_per_instance):
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
    if stage.mode in {"async", "inference-component", "batch"} or not _scales(stage):
        return
    scaling = stage.settings.scaling
    lowest = [("scaling.min_capacity", scaling.min_capacity)] + [
        (f"scaling.schedule[{index}].min_capacity", scheduled.min_capacity)
        for index, scheduled in enumerate(scaling.schedule)
    ]
    for key, capacity in lowest:
        if capacity == 0:
            cure = (
                "set 1, or provisioned_concurrency = 0"
                if stage.mode == "serverless"
                else ('set 1, or use mode = "async" or "inference-component"')
            )
            yield stage.refuse(key, f'mode = "{stage.mode}" cannot go down to 0; {cure}')


def provisioned_concurrency_can_scale(stage: CheckedStage) -> Iterator[Finding]:
    """Serverless endpoints scale their provisioned concurrency, up to the maximum concurrency.

    Source: ProductionVariantServerlessConfig in SageMaker's service model; SageMaker's guide,
    "Automatically scale Provisioned Concurrency".
    """
    if stage.mode != "serverless":
        return
    serverless, scaling = stage.settings.serverless, stage.settings.scaling
    if scaling.provisioned_concurrency_percent and not serverless.provisioned_concurrency:
        yield stage.refuse(
            "scaling.provisioned_concurrency_percent",
            "there is none to scale; set serverless.provisioned_concurrency",
        )
    if _scales(stage) and scaling.max_capacity > serverless.max_concurrency:
        yield stage.refuse(
            "scaling.max_capacity",
            f"is provisioned concurrency here, which serverless.max_concurrency "
            f"({serverless.max_concurrency}) limits; set that at most",
        )


def schedule_has_scaling(stage: CheckedStage) -> Iterator[Finding]:
    """Scheduled capacities need the scaling target that `enabled = false` takes off.

    Source: Application Auto Scaling's guide, "Scheduled scaling".
    """
    if stage.settings.scaling.schedule and not _scales(stage):
        yield stage.warn("scaling.schedule", "has no effect: nothing scales here")


def _scales(stage: CheckedStage) -> bool:
    if stage.mode == "serverless" and not stage.settings.serverless.provisioned_concurrency:
        return False
    return stage.settings.scaling.enabled and stage.has_endpoint


def _targets(stage: CheckedStage) -> list[str]:
    scaling = stage.settings.scaling
    return [name for name in PUBLISHED_TARGETS[stage.mode] if getattr(scaling, name)]
