"""Which alarms an endpoint has in its mode."""

from collections.abc import Sequence

from stacks.settings import StageSettings
from stacks.watching.alarm import Alarm
from stacks.watching.answers import answer_alarms, silence
from stacks.watching.capacity import at_maximum, serverless_alarms
from stacks.watching.drift import drift_alarms
from stacks.watching.instances import utilization_alarms
from stacks.watching.metrics import Variant
from stacks.watching.queue import cache_alarms, failure_alarms, queue_alarms


def endpoint_alarms(
    endpoint: str, settings: StageSettings, variants: Sequence[Variant]
) -> list[Alarm]:
    """All but the alarms that roll back. A batch stage has no endpoint, and none of these."""
    found = [alarm for variant in variants for alarm in _of_variant(variant, settings)]
    found += silence(variants, settings.alarms, settings.mode)
    if settings.mode == "async":
        found += queue_alarms(endpoint, settings.alarms)
    if settings.drift.enabled:
        found += drift_alarms(endpoint, settings.drift)
    return found


def _of_variant(variant: Variant, settings: StageSettings) -> list[Alarm]:
    found = answer_alarms(variant, settings.alarms, settings.mode)
    if not variant.instance_types:
        return found + serverless_alarms(variant, settings)
    found += utilization_alarms(variant, settings.alarms)
    found += at_maximum(variant, settings)
    if settings.mode == "async":
        found += failure_alarms(variant)
    if settings.mode == "multi-model" and settings.multi_model.cache:
        found += cache_alarms(variant, settings.alarms)
    return found
