"""Application Auto Scaling of endpoint variants: targets, policies, and their evaluation."""

import asyncio
from functools import partial

from localaws import json_api
from localaws.autoscaling.cloudformation import RESOURCES
from localaws.autoscaling.service import SCALER, SERVICE, perform
from localaws.json_api import Response

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown"]

ROUTES = {"target_prefixes": ["AnyScaleFrontendService."]}


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> Response:
    """Respond to one request of the JSON protocol."""
    del method, path, query_params
    operation = partial(perform, json_api.operation_of(headers))
    # Operations call other services on the port that this event loop serves.
    return await asyncio.to_thread(json_api.respond, operation, body)


def shutdown() -> None:
    """Stop evaluating."""
    SCALER.stop()
