"""Alarms on capacity that is all in use: instances, copies, or what serverless may do at a time."""

from math import ceil

from stacks.settings import StageSettings
from stacks.settings.watching import AlarmSettings
from stacks.watching.alarm import AT_LEAST, Alarm, span
from stacks.watching.metrics import WatchedVariant


def at_maximum(variant: WatchedVariant, settings: StageSettings) -> list[Alarm]:
    """As many instances as scaling may start, for long; of an inference component: copies."""
    scaling, minutes = settings.scaling, settings.alarms.at_maximum_minutes
    if not scaling.enabled or scaling.min_capacity == scaling.max_capacity:
        return []
    capacity = variant.capacity
    periods = ceil(minutes * 60 / capacity.period)
    called = "copies" if variant.component else "instances"
    return [
        Alarm(
            name=f"{variant.name}-at-maximum",
            severity="warning",
            watched=capacity,
            comparison=AT_LEAST,
            threshold=scaling.max_capacity * variant.samples_each,
            periods=periods,
            datapoints=periods - periods // 10,  # a sample may come a moment late
            description=f"All {scaling.max_capacity} {called} that scaling may start have run for "
            f"{span(minutes * 60)} (during an update, old and new ones are counted together): "
            "raise scaling.max_capacity, or find out what asks so much.",
        )
    ]


def serverless_alarms(variant: WatchedVariant, settings: StageSettings) -> list[Alarm]:
    """Memory and concurrency: the rest of an instance is SageMaker's.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-monitoring.html
    """
    alarms, serverless = settings.alarms, settings.serverless
    found = [
        Alarm(
            name=f"{variant.name}-memory",
            severity="warning",
            watched=variant.instances("MemoryUtilization", "Maximum"),
            threshold=alarms.memory_percent,
            periods=5,
            description=f"Over {alarms.memory_percent:g} % of the memory was in use for 5 minutes: "
            "the next long request may find none. Raise serverless.memory_mb.",
        ),
        _used_up(
            variant,
            "ServerlessConcurrentExecutionsUtilization",
            "concurrency",
            f"All {serverless.max_concurrency} invocations at one time were in use for %s: the "
            "next caller gets a 429. Raise serverless.max_concurrency.",
            alarms,
        ),
    ]
    if serverless.provisioned_concurrency:
        warm = _used_up(
            variant,
            "ServerlessProvisionedConcurrencyUtilization",
            "provisioned",
            "All environments that are kept warm were in use for %s: the next caller waits for a "
            "cold start. Raise serverless.provisioned_concurrency.",
            alarms,
        )
        found.append(warm)
    return found


def _used_up(
    variant: WatchedVariant, metric: str, name: str, said: str, alarms: AlarmSettings
) -> Alarm:
    minutes = alarms.at_maximum_minutes
    return Alarm(
        name=f"{variant.name}-{name}",
        severity="warning",
        watched=variant.answers(metric, "Maximum"),
        comparison=AT_LEAST,
        threshold=1,  # a share of 0 to 1
        periods=minutes,
        description=said % span(minutes * 60),
    )
