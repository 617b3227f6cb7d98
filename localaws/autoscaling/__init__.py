"""Application Auto Scaling of endpoint variants: targets, policies, and their evaluation."""

import asyncio
import json

from localaws.autoscaling.answers import Refused
from localaws.autoscaling.cloudformation import RESOURCES
from localaws.autoscaling.service import OPERATIONS, SCALER, SERVICE, perform
from localaws.validation import Invalid

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown"]

ROUTES = {"target_prefixes": ["AnyScaleFrontendService."]}

Answer = tuple[int, dict[str, str], bytes]


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> Answer:
    """Answer one request of the JSON protocol; header names come in lower case."""
    del method, path, query_params
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    # Operations call other services on the port that this event loop serves.
    return await asyncio.to_thread(_answer, operation, body)


def shutdown() -> None:
    """Stop evaluating."""
    SCALER.stop()


def _answer(operation: str, body: bytes) -> Answer:
    if operation not in OPERATIONS:
        return _error("UnknownOperationException", f"localaws does not emulate {operation!r}.")
    try:
        return _json(200, perform(operation, json.loads(body or b"{}")))
    except json.JSONDecodeError as error:
        return _error("SerializationException", str(error))
    except Invalid as refusal:
        return _error("ValidationException", str(refusal))
    except Refused as refusal:
        return _error(refusal.code, str(refusal))


def _error(code: str, message: str) -> Answer:
    return _json(400, {"__type": code, "message": message})


def _json(status: int, document: dict[str, object]) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return status, headers, json.dumps(document).encode()
