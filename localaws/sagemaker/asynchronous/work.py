"""One asynchronous request: its payload fetched, its response stored, its topic notified."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from localaws.sagemaker.asynchronous import metrics, results
from localaws.sagemaker.asynchronous.request import Request
from localaws.sagemaker.asynchronous.results import Outcome
from localaws.sagemaker.instance import Instance
from localaws.sagemaker.runtime_api import Reply
from localaws.sagemaker.state import Endpoint

Ask = Callable[[Instance, Mapping[str, str], bytes, float], Awaitable[Reply]]
"""Sends headers and a body to an instance; waits for its response for at most the seconds."""

_STORAGE_ERRORS = (BotoCoreError, ClientError, ValueError)
_log = logging.getLogger("localaws.sagemaker")


@dataclass
class Work:
    """A request and the instance that it has entered. `counted` is published as metrics."""

    endpoint: Endpoint
    request: Request
    variant: str
    instance: Instance
    began: float = field(default_factory=time.time)
    counted: Counter[str] = field(default_factory=Counter)

    async def run(self, ask: Ask) -> bool:
        """Complete the request; False where nothing listened and the request waits again."""
        backlog = self.endpoint.backlog
        try:
            outcome = await self._outcome(ask)
        except httpx.ConnectError:
            backlog.waiting.appendleft(self.request)
            return False
        finally:
            self.instance.leave()
            backlog.processing.discard(self.request)
        await _deliver(self.endpoint, self.request, outcome, self.counted)
        now = time.time()
        times = {
            "TimeInBacklog": round(1000 * (self.began - self.request.received), 1),
            "TotalProcessingTime": round(1000 * (now - self.request.received), 1),
        }
        metrics.publish_outcome(self.endpoint, self.variant, {**self.counted, **times})
        return True

    async def _outcome(self, ask: Ask) -> Outcome:
        request = self.request
        try:
            body = await asyncio.to_thread(results.payload, self.endpoint.scope, request)
        except _STORAGE_ERRORS as error:
            self.counted["RequestDownloadFailures"] += 1
            reason = f"ClientError: Unable to download the payload {request.location}: {error}"
            return Outcome(reason.encode(), reason=reason)
        reply = await ask(self.instance, request.headers, body, request.timeout)
        self.counted["Invocation4XXErrors"] += 400 <= reply.status < 500
        self.counted["Invocation5XXErrors"] += reply.status >= 500 or reply.status == 0
        self.counted["ModelLatency"] += round(1e6 * reply.seconds)
        return _answered(reply)


def _answered(reply: Reply) -> Outcome:
    content_type = reply.headers.get("content-type", "application/octet-stream")
    if 200 <= reply.status < 300:
        return Outcome(reply.body, content_type)
    if reply.status == 0:
        message = reply.body.decode()
        return Outcome(reply.body, reason=f"ClientError: {message}")
    kind = "client" if 400 <= reply.status < 500 else "server"
    reason = (
        f"ClientError: Received {kind} error ({reply.status}) from model. See the SageMaker "
        "Endpoint logs in your account for more information."
    )
    return Outcome(reply.body, content_type, reason)


async def expire(endpoint: Endpoint, request: Request) -> None:
    """End a request that has waited for too long."""
    reason = f"ClientError: The request was in the queue for more than {request.ttl:g} seconds."
    counted = Counter(ExpiredRequests=1)
    await _deliver(endpoint, request, Outcome(reason.encode(), reason=reason), counted)
    variant = endpoint.configuration["ProductionVariants"][0]["VariantName"]
    metrics.publish_outcome(endpoint, variant, counted)


async def _deliver(
    endpoint: Endpoint, request: Request, outcome: Outcome, counted: Counter[str]
) -> None:
    counted["InvocationFailures"] += not outcome.succeeded
    for step, name in (
        (results.store, "ResponseUploadFailures"),
        (results.notify, "NotificationFailures"),
    ):
        try:
            await asyncio.to_thread(step, endpoint.scope, request, outcome)
        except _STORAGE_ERRORS as error:
            counted[name] += 1
            _log.warning("%s: %s of %s: %s", endpoint.name, name, request.inference_id, error)
