"""SageMaker's deployment guardrails: what an update can do, and what production asks for."""

import math
from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding

MOST_ROLLBACK_ALARMS = 10
_OWN_ALARMS_A_VARIANT = 2  # 5XX responses, p99 latency


def strategy_fits_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """Serverless endpoints and inference components are updated all at once.

    SageMaker could roll components batch by batch; the stacks do not ask for that. Source:
    SageMaker's guide, "Deployment guardrails" and its exclusions;
    stacks/constructs/deployment_config.py.
    """
    unguarded = stage.mode.has_endpoint and not stage.mode.has_guardrails
    if unguarded and stage.settings.update.strategy != "all-at-once":
        yield stage.refuse(
            "update.strategy",
            f'mode = "{stage.mode.name}" knows no other than "all-at-once"; use that',
        )


def rolling_has_one_variant(stage: CheckedStage) -> Iterator[Finding]:
    """A rolling update takes one variant.

    Source: SageMaker's guide, "Deployment guardrails: exclusions".
    """
    if stage.settings.update.strategy == "rolling" and len(stage.settings.variants) > 1:
        yield stage.refuse(
            "update.strategy", 'cannot replace several variants; use "canary" or "linear"'
        )


def there_is_something_to_split(stage: CheckedStage) -> Iterator[Finding]:
    """A canary, a linear step and a rolling batch are shares of at least two instances.

    Source: TrafficRoutingConfig and RollingUpdatePolicy in SageMaker's service model: half of the
    instances at most.
    """
    update, fewest = stage.settings.update, _fewest(stage)
    if not stage.mode.has_guardrails or update.strategy == "all-at-once":
        return
    if fewest < 2:
        yield stage.refuse(
            "update.strategy",
            f"with {fewest} instance{'s' * (fewest != 1)} there is nothing to split; set "
            'scaling.min_capacity = 2, or use "all-at-once"',
        )
    elif update.step_percent * fewest < 100:
        yield stage.warn(
            "update.step_percent",
            f"is less than one of {fewest} instances; set {math.ceil(100 / fewest)} or more",
        )


def rollback_alarms_are_ten_at_most(stage: CheckedStage) -> Iterator[Finding]:
    """An update watches 1 to 10 alarms: two for each variant are Berth's.

    Source: AutoRollbackConfig.Alarms in SageMaker's service model.
    """
    own = _OWN_ALARMS_A_VARIANT * len(stage.plan.variants)
    named = stage.settings.update.rollback_alarms
    if own + len(named) > MOST_ROLLBACK_ALARMS and stage.mode.has_guardrails:
        room = max(0, MOST_ROLLBACK_ALARMS - own)
        yield stage.refuse(
            "update.rollback_alarms" if named else "variants",
            f"{own} alarms of the variants and {len(named)} named ones are more than the "
            f"{MOST_ROLLBACK_ALARMS} that an update watches; name {room} at most"
            + (", and have 5 variants at most" if own > MOST_ROLLBACK_ALARMS else ""),
        )


def timeout_is_longer_than_the_waits(stage: CheckedStage) -> Iterator[Finding]:
    """An update is rolled back at its timeout: the waits of its strategy end before that.

    After every step, the last included, there is one. Source: SageMaker's guide, "Canary traffic
    shifting" and "Linear traffic shifting"; MaximumExecutionTimeoutInSeconds in its service model.
    """
    update = stage.settings.update
    steps = math.ceil(100 / update.step_percent)
    waits = {
        "all-at-once": update.bake_seconds,
        "canary": 2 * update.wait_seconds + update.bake_seconds,
        "linear": steps * update.wait_seconds + update.bake_seconds,
        "rolling": steps * update.wait_seconds,
    }[update.strategy]
    if stage.mode.has_guardrails and waits >= update.timeout_seconds:
        longest = 28800
        cure = f"set more than {waits}" if waits < longest else "wait less between the steps"
        yield stage.refuse(
            "update.timeout_seconds", f"the update alone waits {waits} s between its steps; {cure}"
        )


def production_survives_an_instance(stage: CheckedStage) -> Iterator[Finding]:
    """Production keeps two instances or copies, unless the stage accepts one by its own key.

    Source: SageMaker's guide, "Best practices for deploying models" (two instances in two zones).
    """
    settings = stage.settings
    scaling = settings.scaling
    if not settings.production or settings.single_instance_in_production:
        return
    if not stage.mode.has_endpoint or not stage.mode.has_instances:
        return
    key = "min_capacity" if scaling.enabled else "initial_capacity"
    if _fewest(stage) < 2:
        yield stage.refuse(
            f"scaling.{key}",
            "production = true keeps 2 at least; set 2, or single_instance_in_production = true",
        )
    elif scaling.initial < 2:
        yield stage.refuse("scaling.initial_capacity", "production = true starts with 2 at least")


def production_updates_in_steps(stage: CheckedStage) -> Iterator[Finding]:
    """In production an update tries the new model on a share first, where the mode can.

    With one instance there are no shares: then all at once is what is left. Source: SageMaker's
    guide, "Deployment guardrails".
    """
    settings = stage.settings
    if not settings.production or settings.update.strategy != "all-at-once":
        return
    if stage.mode.has_endpoint and not stage.mode.has_guardrails:
        yield stage.warn(
            "mode", "nothing tries an update of this mode on a share, or rolls it back by alarms"
        )
    elif stage.mode.has_endpoint and not settings.single_instance_in_production:
        yield stage.refuse(
            "update.strategy",
            'production = true tries a share of the traffic first; use "canary" or "linear"',
        )
    elif stage.mode.has_endpoint and not settings.update.bake_seconds:
        yield stage.warn(
            "update.bake_seconds",
            "nothing watches the alarms before the old instance ends; set 300",
        )


def _fewest(stage: CheckedStage) -> int:
    scaling = stage.settings.scaling
    if not scaling.enabled:
        return scaling.initial
    return min([scaling.min_capacity, *(scheduled.min_capacity for scheduled in scaling.schedule)])
