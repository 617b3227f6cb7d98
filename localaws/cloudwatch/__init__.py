"""CloudWatch on this machine: MiniStack's, with alarms judged as CloudWatch judges them.

What is added: metric math, composite alarms in stacks, anomaly detectors (kept, not trained).
"""

import asyncio
import json

from ministack.core import router
from ministack.services import cloudwatch

from localaws import validation
from localaws.cloudwatch import anomaly, ministack
from localaws.cloudwatch.stacks import RESOURCES

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown", "start"]

SERVICE = "monitoring"
ROUTES = router.SERVICE_PATTERNS[SERVICE]

PULSE_SECONDS = 1.0
"""How often alarms are judged."""

Answer = tuple[int, dict[str, str], bytes]

_background: set[asyncio.Task[None]] = set()

ministack.install()


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> Answer:
    """Answer one request; header names come in lower case."""
    start()
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation in anomaly.OPERATIONS:
        return _detectors(operation, body)
    answer: Answer = await cloudwatch.handle_request(method, path, headers, body, query_params)
    return answer


def start() -> None:
    """Judge alarms from now on. Call it on the event loop."""
    if not _background:
        _background.add(asyncio.get_running_loop().create_task(_pulse(), name="cloudwatch-pulse"))


def shutdown() -> None:
    """Nothing runs outside of the event loop."""


async def _pulse() -> None:
    while True:
        ministack.evaluate_alarms()
        await asyncio.sleep(PULSE_SECONDS)


def _detectors(operation: str, body: bytes) -> Answer:
    request = json.loads(body or b"{}")
    try:
        validation.validate("cloudwatch", operation, request)
        return _json(200, anomaly.OPERATIONS[operation](request))
    except validation.Invalid as error:
        return _json(400, {"__type": "ValidationError", "message": str(error)})
    except anomaly.NotFound as error:
        return _json(404, {"__type": "ResourceNotFoundException", "message": str(error)})


def _json(status: int, document: dict[str, object]) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document).encode()
