"""CloudWatch on this machine: MiniStack's, with alarms evaluated as CloudWatch does.

Metric math, composite alarms in stacks and anomaly detectors (not trained) are added.
"""

import asyncio

from localaws import json_api
from localaws.cloudwatch import alarms, anomaly
from localaws.cloudwatch.measures import Metric
from localaws.cloudwatch.stacks import RESOURCES
from localaws.json_api import Response
from localaws.ministack import services
from localaws.ministack.cloudwatch import evaluate_alarms, evaluate_by, statistic
from localaws.scope import Document

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown", "start"]

SERVICE = "monitoring"
ROUTES = services.routes(SERVICE)

PULSE_SECONDS = 1.0
"""How often alarms are evaluated."""

_background: set[asyncio.Task[None]] = set()

_others = services.handler(SERVICE)


def _evaluate(alarm: Document, now: float) -> tuple[str, str] | None:
    verdict = alarms.judge(alarm, _statistic, now)
    return (verdict.state, verdict.reason) if verdict else None


def _statistic(metric: Metric, start: float, end: float) -> float | None:
    dimensions = dict(metric.dimensions)
    return statistic(metric.namespace, metric.name, dimensions, metric.statistic, (start, end))


evaluate_by(_evaluate, alarms.check, alarms.unjudged)


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> Response:
    """Respond to one request; header names come in lower case."""
    start()
    operation = anomaly.OPERATIONS.get(json_api.operation_of(headers))
    if operation is not None:
        return json_api.respond(operation, body, version="1.0", invalid="ValidationError")
    return await _others(method, path, headers, body, query_params)


def start() -> None:
    """Evaluate alarms from now on. Call it on the event loop."""
    if not _background:
        _background.add(asyncio.get_running_loop().create_task(_pulse(), name="cloudwatch-pulse"))


def shutdown() -> None:
    """Do nothing: all work is on the event loop, and ends with it."""


async def _pulse() -> None:
    while True:
        evaluate_alarms()
        await asyncio.sleep(PULSE_SECONDS)
