"""InvokeEndpointAsync, its queues, and what becomes of each request. It belongs to one event loop.

The metrics are those of the guide's page on monitoring asynchronous endpoints: of the queue with
the dimension EndpointName, of a request with VariantName too. Neither Invocations nor
InvocationsPerInstance is published.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from localaws.json_api import Response
from localaws.sagemaker import metrics
from localaws.sagemaker.asynchronous import results
from localaws.sagemaker.asynchronous.request import Request, parse
from localaws.sagemaker.asynchronous.results import Outcome
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.instance import Instance
from localaws.sagemaker.runtime import Runtime, in_service
from localaws.sagemaker.runtime_api import invalid
from localaws.sagemaker.state import STORE, Endpoint
from localaws.scope import Scope

CONCURRENT_INVOCATIONS = 4
"""The default for each instance; SageMaker then chooses a number itself."""

_STORAGE_ERRORS = (BotoCoreError, ClientError, HostingError)
_log = logging.getLogger("localaws.sagemaker")


class Asynchronous:
    """Queues requests and sends them to instances as these become free."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke(
        self, scope: Scope, name: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """InvokeEndpointAsync. Raises AwsError in the error shapes of botocore's model."""
        endpoint = in_service(scope, name)
        config = endpoint.configuration.get("AsyncInferenceConfig")
        if config is None:
            raise invalid(f"Endpoint {name} is not asynchronous: call it by InvokeEndpoint.")
        request = parse(config, name, headers, body)
        endpoint.backlog.waiting.append(request)
        self._advance(endpoint)
        response = {"content-type": "application/json"}
        if request.output:
            response["x-amzn-sagemaker-outputlocation"] = request.output
        if request.failure:
            response["x-amzn-sagemaker-failurelocation"] = request.failure
        return 202, response, json.dumps({"InferenceId": request.inference_id}).encode()

    def advance(self) -> None:
        """Expire requests, start work on free instances, and publish the state of every queue."""
        for endpoint in STORE.endpoints():
            if "AsyncInferenceConfig" in endpoint.configuration and endpoint.fleet is not None:
                self._advance(endpoint)
                _publish_queue(endpoint)

    def _advance(self, endpoint: Endpoint) -> None:
        backlog = endpoint.backlog
        for request in backlog.take_expired(time.time()):
            self._begin(expire(endpoint, request))
        while backlog.waiting and (free := _enter(endpoint)) is not None:
            request = backlog.waiting.popleft()
            backlog.processing.add(request)
            self._begin(self._work(endpoint, request, *free))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(
        self, endpoint: Endpoint, request: Request, variant: str, instance: Instance
    ) -> None:
        """Complete a request by the instance that it has entered."""
        began, counted = time.time(), Counter[str]()
        try:
            outcome = await self._outcome(endpoint, request, instance, counted)
        except httpx.ConnectError:
            # The instance is being replaced: the next call tries again.
            endpoint.backlog.waiting.appendleft(request)
            return
        finally:
            instance.leave()
            endpoint.backlog.processing.discard(request)
        await _deliver(endpoint, request, outcome, counted)
        times = {
            "TimeInBacklog": round(1000 * (began - request.received), 1),
            "TotalProcessingTime": round(1000 * (time.time() - request.received), 1),
        }
        publish(endpoint, {**counted, **times}, VariantName=variant)
        self._advance(endpoint)

    async def _outcome(
        self, endpoint: Endpoint, request: Request, instance: Instance, counted: Counter[str]
    ) -> Outcome:
        try:
            body = await asyncio.to_thread(results.payload, endpoint.scope, request)
        except _STORAGE_ERRORS as error:
            counted["RequestDownloadFailures"] += 1
            reason = f"ClientError: Unable to download the payload {request.location}: {error}"
            return Outcome(reason.encode(), reason=reason)
        reply = await self._runtime.ask(instance, request.headers, body, request.timeout)
        counted["Invocation4XXErrors"] += 400 <= reply.status < 500
        counted["Invocation5XXErrors"] += reply.status >= 500 or reply.status == 0
        counted["ModelLatency"] += round(1e6 * reply.seconds)
        return results.outcome_of(reply)


def _enter(endpoint: Endpoint) -> tuple[str, Instance] | None:
    """A variant and its instance that a request has entered; None where all are busy."""
    client = endpoint.configuration["AsyncInferenceConfig"].get("ClientConfig", {})
    most = client.get("MaxConcurrentInvocationsPerInstance", CONCURRENT_INVOCATIONS)
    fleet = endpoint.traffic or endpoint.fleet
    variant = fleet.choose(None) if fleet else None
    instance = variant.admit() if variant else None
    if variant is None or instance is None:
        return None
    if instance.outstanding > most:
        instance.leave()
        return None
    return variant.program.label, instance


async def expire(endpoint: Endpoint, request: Request) -> None:
    """End a request that has waited for too long."""
    reason = f"ClientError: The request was in the queue for more than {request.ttl:g} seconds."
    counted = Counter(ExpiredRequests=1)
    await _deliver(endpoint, request, Outcome(reason.encode(), reason=reason), counted)
    variant = endpoint.configuration["ProductionVariants"][0]["VariantName"]
    publish(endpoint, counted, VariantName=variant)


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


def _publish_queue(endpoint: Endpoint) -> None:
    """Publish the state of an endpoint's queue.

    Without an instance the size per instance is the size: a target tracking policy alone starts
    from zero once that is above its target, as the guide says.
    """
    backlog, fleet = endpoint.backlog, endpoint.fleet
    variants = fleet.variants.values() if fleet else ()
    instances = sum(len(one.instances) for one in variants)
    values = {
        "ApproximateBacklogSize": backlog.size,
        "ApproximateBacklogSizePerInstance": backlog.size / max(1, instances),
        "ApproximateAgeOfOldestRequest": round(backlog.age(time.time()), 3),
        "HasBacklogWithoutCapacity": float(backlog.size > 0 and instances == 0),
    }
    publish(endpoint, values)


def publish(endpoint: Endpoint, values: Mapping[str, float], **dimensions: str) -> None:
    """Publish metrics of an endpoint. Call it on the event loop."""
    for name, value in values.items():
        metrics.put(endpoint.scope, name, {value: 1}, EndpointName=endpoint.name, **dimensions)
