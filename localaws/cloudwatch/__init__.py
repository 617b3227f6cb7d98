"""CloudWatch on this machine: MiniStack's, with alarms evaluated as CloudWatch does.

Metric math and composite alarms in stacks are added.
"""

import asyncio

from localaws.cloudwatch import alarms
from localaws.cloudwatch.measures import Metric
from localaws.ministack.cloudwatch import MetricAlarms, evaluate_alarms, recorded_statistic

EVALUATION_SECONDS = 1.0
"""How often alarms are evaluated."""


async def keep_evaluating() -> None:
    """Evaluate every alarm by `alarms`, again and again."""
    MetricAlarms(
        lambda alarm, now: alarms.evaluate(alarm, statistic, now),
        alarms.check,
        alarms.not_evaluated,
    )
    while True:
        evaluate_alarms()
        await asyncio.sleep(EVALUATION_SECONDS)


def statistic(metric: Metric, start: float, end: float) -> float | None:
    """A recorded metric's statistic over [start, end) in epoch seconds; None without data."""
    return recorded_statistic(
        metric.namespace, metric.name, dict(metric.dimensions), metric.statistic, (start, end)
    )
