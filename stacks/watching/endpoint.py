"""Which alarms an endpoint has in its mode."""

from stacks.stage_plan import StagePlan
from stacks.watching.alarm import Alarm
from stacks.watching.capacity import at_maximum, serverless_alarms, utilization_alarms
from stacks.watching.drift import drift_alarms
from stacks.watching.invocations import invocation_alarms, rollback_alarms, silence
from stacks.watching.metrics import WatchedVariant, watched_variants
from stacks.watching.queue import cache_alarms, failure_alarms, queue_alarms


def alarms_that_roll_back(plan: StagePlan) -> list[Alarm]:
    """The alarms of each variant that roll an update back."""
    limits = plan.settings.alarms
    return [alarm for each in watched_variants(plan) for alarm in rollback_alarms(each, limits)]


def endpoint_alarms(plan: StagePlan) -> list[Alarm]:
    """All but the alarms that roll back. A batch stage has no endpoint, and none of these."""
    mode, settings, variants = plan.mode, plan.settings, watched_variants(plan)
    found = [alarm for variant in variants for alarm in _of_variant(variant, plan)]
    found += silence(variants, settings.alarms, mode)
    if mode.has_queue:
        found += queue_alarms(plan.names.endpoint, settings.alarms)
    if settings.drift.enabled:
        found += drift_alarms(plan.names.metric_namespace, settings.drift)
    return found


def _of_variant(variant: WatchedVariant, plan: StagePlan) -> list[Alarm]:
    mode, settings = plan.mode, plan.settings
    found = invocation_alarms(variant, settings.alarms, mode)
    if not mode.has_instances:
        return found + serverless_alarms(variant, settings)
    found += utilization_alarms(variant, settings.alarms)
    found += at_maximum(variant, settings)
    if mode.has_queue:
        found += failure_alarms(variant)
    if "ModelCacheHit" in mode.metrics and settings.multi_model.cache:
        found += cache_alarms(variant, settings.alarms)
    return found
