"""Alarms of async endpoints and of multi-model ones: what waits, what fails, what is reloaded.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
"""

from stacks.settings.watching import AlarmSettings
from stacks.watching.alarm import Alarm, span
from stacks.watching.invocations import FIVE_MINUTES
from stacks.watching.metrics import INVOCATIONS, Formula, Metric, WatchedVariant


def of_queue(endpoint: str, name: str, statistic: str) -> Metric:
    """A metric of an async endpoint's queue: its one dimension is the endpoint's name."""
    return Metric(INVOCATIONS, name, {"EndpointName": endpoint}, statistic)


def queue_alarms(endpoint: str, alarms: AlarmSettings) -> list[Alarm]:
    """How much waits, and for how long."""
    waiting, age = alarms.backlog_per_instance, alarms.backlog_age_minutes
    return [
        Alarm(
            name="backlog",
            watched=of_queue(endpoint, "ApproximateBacklogSizePerInstance", "Average"),
            threshold=waiting,
            periods=5,
            description=f"Over {waiting:g} requests an instance have waited for 5 minutes: raise "
            "scaling.max_capacity, or async.max_concurrent_invocations_per_instance.",
        ),
        Alarm(
            name="backlog-age",
            severity="critical",
            watched=of_queue(endpoint, "ApproximateAgeOfOldestRequest", "Maximum"),
            threshold=age * 60,
            periods=3,
            description=f"The oldest request has waited for over {age:g} minutes: see whether an "
            "instance is there (HasBacklogWithoutCapacity), whether it fails, and how much came.",
        ),
    ]


def failure_alarms(variant: WatchedVariant) -> list[Alarm]:
    """Failures of any kind, those of S3 included; the error topic reports each single one."""
    failures = variant.invocations("InvocationFailures", "Sum", FIVE_MINUTES)
    return [
        Alarm(
            name=f"{variant.name}-failures",
            severity="critical",
            watched=failures,
            threshold=0,
            periods=3,
            description=f"Invocations have failed for {span(3 * failures.period)} on end: read the "
            "failures beside the results in the stage's bucket, and the saved query 'failures'.",
        )
    ]


def cache_miss_rate(variant: WatchedVariant) -> Formula:
    """Percent of calls whose model was not loaded: the average of ModelCacheHit is the hits'."""
    hits = variant.invocations("ModelCacheHit", "Average", FIVE_MINUTES)
    return Formula("100 * (1 - {hits})", {"hits": hits})


def cache_alarms(variant: WatchedVariant, alarms: AlarmSettings) -> list[Alarm]:
    """Models that are loaded and thrown out, again and again."""
    misses = alarms.cache_miss_percent
    return [
        Alarm(
            name=f"{variant.name}-cache-misses",
            watched=cache_miss_rate(variant),
            threshold=misses,
            periods=3,
            description=f"Over {misses:g} % of calls have waited for their model to be loaded, for "
            "15 minutes: take a type with more memory, or more instances.",
        )
    ]
