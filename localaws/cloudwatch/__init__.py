"""CloudWatch on this machine: MiniStack's, with alarms evaluated as CloudWatch does.

Metric math and composite alarms in stacks are added.
"""

import asyncio

from localaws.cloudwatch import alarms
from localaws.cloudwatch.measures import Metric
from localaws.ministack.cloudwatch import evaluate_alarms, evaluate_by, statistic
from localaws.scope import Document

EVALUATION_SECONDS = 1.0
"""How often alarms are evaluated."""


async def keep_evaluating() -> None:
    """Evaluate every alarm by `alarms`, again and again."""
    evaluate_by(_evaluate, alarms.check, alarms.unjudged)
    while True:
        evaluate_alarms()
        await asyncio.sleep(EVALUATION_SECONDS)


def _evaluate(alarm: Document, now: float) -> tuple[str, str] | None:
    verdict = alarms.judge(alarm, _statistic, now)
    return (verdict.state, verdict.reason) if verdict else None


def _statistic(metric: Metric, start: float, end: float) -> float | None:
    return statistic(
        metric.namespace, metric.name, dict(metric.dimensions), metric.statistic, (start, end)
    )
