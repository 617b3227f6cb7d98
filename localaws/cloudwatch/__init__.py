"""CloudWatch on this machine: MiniStack's, with alarms judged as CloudWatch judges them.

What is added: metric math, composite alarms in stacks, anomaly detectors (kept, not trained).
"""

import asyncio
import json

from localaws import validation
from localaws.cloudwatch import alarms, anomaly
from localaws.cloudwatch.measures import Metric
from localaws.cloudwatch.stacks import RESOURCES
from localaws.ministack import services
from localaws.ministack.cloudwatch import evaluate_alarms, evaluate_by, statistic
from localaws.ministack.services import Response
from localaws.scope import Document

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown", "start"]

SERVICE = "monitoring"
ROUTES = services.routes(SERVICE)

PULSE_SECONDS = 1.0
"""How often alarms are judged."""

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
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation in anomaly.OPERATIONS:
        return _detectors(operation, body)
    return await _others(method, path, headers, body, query_params)


def start() -> None:
    """Judge alarms from now on. Call it on the event loop."""
    if not _background:
        _background.add(asyncio.get_running_loop().create_task(_pulse(), name="cloudwatch-pulse"))


def shutdown() -> None:
    """Nothing runs outside of the event loop."""


async def _pulse() -> None:
    while True:
        evaluate_alarms()
        await asyncio.sleep(PULSE_SECONDS)


def _detectors(operation: str, body: bytes) -> Response:
    request = json.loads(body or b"{}")
    try:
        validation.validate("cloudwatch", operation, request)
        return _json(200, anomaly.OPERATIONS[operation](request))
    except validation.Invalid as error:
        return _json(400, {"__type": "ValidationError", "message": str(error)})
    except anomaly.NotFound as error:
        return _json(404, {"__type": "ResourceNotFoundException", "message": str(error)})


def _json(status: int, document: dict[str, object]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document).encode()
