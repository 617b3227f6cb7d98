"""An alarm as data."""

from dataclasses import dataclass
from typing import Literal

from stacks.watching.metrics import Watched

Severity = Literal["critical", "warning"]

ABOVE = "GreaterThanThreshold"
AT_LEAST = "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"


@dataclass(frozen=True)
class Band:
    """What is usual of a metric: `width` standard deviations around CloudWatch's forecast.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html
    """

    width: float


@dataclass(frozen=True)
class Alarm:
    """An alarm.

    name: behind the endpoint's; unique in it.
    description: what happened, and what to do.
    severity: critical where requests fail or are late, warning where they soon may.
    periods: of the metric's own, all of which breach, unless `datapoints` says how many.
    missing: what a period without data counts as. `notBreaching` by default: no traffic is no
        fault of the endpoint.
    """

    name: str
    watched: Watched
    threshold: float | Band
    description: str
    severity: Severity = "warning"
    comparison: str = ABOVE
    periods: int = 1
    datapoints: int | None = None
    missing: Literal["notBreaching", "breaching", "missing", "ignore"] = "notBreaching"


def span(seconds: int) -> str:
    """`5 minutes`."""
    minutes = seconds // 60
    return f"{minutes} minutes" if minutes != 1 else "a minute"
