"""Alarms on invocations: failures, latency, and none at all."""

from collections.abc import Sequence

from stacks.settings.watching import AlarmSettings
from stacks.stage_plan import Mode
from stacks.watching.alarm import BELOW, Alarm, span
from stacks.watching.metrics import Formula, WatchedVariant, all_requests

FIVE_MINUTES = 300
MICROSECONDS = 1000  # a millisecond


def error_rate(variant: WatchedVariant, kind: str, period: int = 0) -> Formula:
    """Percent of invocations with a 4XX or 5XX response.

    SageMaker sends 1 for an error and 0 for any other response: the average is the rate, in async
    mode too, where Invocations is not published.
    """
    errors = variant.invocations(f"Invocation{kind}Errors", "Average", period)
    return Formula("100 * {errors}", {"errors": errors})


def rollback_alarms(variant: WatchedVariant, alarms: AlarmSettings) -> list[Alarm]:
    """The alarms that roll an update back: requests fail, or are late."""
    failures = error_rate(variant, "5XX")
    latency = variant.invocations("ModelLatency", "p99")
    return [
        Alarm(
            name=f"{variant.name}-5xx",
            severity="critical",
            watched=failures,
            threshold=alarms.invocation_5xx_percent,
            description=f"Over {alarms.invocation_5xx_percent:g} % of invocations failed in "
            f"{span(variant.invocations_every)}: read the saved query 'failures', and roll back if "
            "a deployment came before.",
        ),
        Alarm(
            name=f"{variant.name}-latency-p99",
            severity="critical",
            watched=latency,
            threshold=alarms.model_latency_p99_ms * MICROSECONDS,
            periods=3,
            description="The slowest hundredth of answers took over "
            f"{alarms.model_latency_p99_ms:g} ms for {span(3 * latency.period)}: look at load, "
            "instance count and the saved query 'slowest requests'.",
        ),
    ]


def invocation_alarms(variant: WatchedVariant, alarms: AlarmSettings, mode: Mode) -> list[Alarm]:
    """Invocations that are refused or slow, beside the alarms that roll back."""
    refused = error_rate(variant, "4XX", FIVE_MINUTES)
    median = variant.invocations("ModelLatency", "p50")
    overhead = variant.invocations("OverheadLatency", "p99")
    found = [
        Alarm(
            name=f"{variant.name}-4xx",
            watched=refused,
            threshold=alarms.invocation_4xx_percent,
            description=f"Over {alarms.invocation_4xx_percent:g} % of invocations were refused in "
            "5 minutes: a caller sends what the model does not take, or more than it can. Ask the "
            "saved query 'answers by status'.",
        ),
        Alarm(
            name=f"{variant.name}-latency-p50",
            watched=median,
            threshold=alarms.model_latency_p50_ms * MICROSECONDS,
            periods=3,
            description=f"Half of the answers took over {alarms.model_latency_p50_ms:g} ms for "
            f"{span(3 * median.period)}: the load is more than the instances do, or the texts are "
            "longer. Raise scaling.min_capacity, or lower the target that scaling aims at.",
        ),
        Alarm(
            name=f"{variant.name}-overhead-p99",
            watched=overhead,
            threshold=alarms.overhead_latency_p99_ms * MICROSECONDS,
            periods=3,
            description=f"SageMaker's own part of the slowest hundredth of answers took over "
            f"{alarms.overhead_latency_p99_ms:g} ms for {span(3 * overhead.period)}: look at the "
            "size of payloads; where it is serverless, at cold starts.",
        ),
    ]
    return found if "OverheadLatency" in mode.metrics else found[:-1]


def silence(variants: Sequence[WatchedVariant], alarms: AlarmSettings, mode: Mode) -> list[Alarm]:
    """No traffic where traffic is expected; all variants together, as one may have no weight."""
    minutes = alarms.no_traffic_minutes
    if not minutes:
        return []
    every = variants[0].invocations_every
    return [
        Alarm(
            name="no-traffic",
            severity="critical",
            watched=all_requests(variants, mode),
            threshold=1,
            comparison=BELOW,
            periods=max(1, minutes * 60 // every),
            missing="breaching",
            description=f"Not one invocation in {span(minutes * 60)}: see whether callers reach "
            "the endpoint (its name, their permissions, the network), then whether it is "
            "InService.",
        )
    ]
