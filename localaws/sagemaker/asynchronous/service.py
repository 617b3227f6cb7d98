"""InvokeEndpointAsync and its queues. It belongs to one event loop."""

import asyncio
import json
import time
from collections.abc import Coroutine, Mapping
from typing import Any

from localaws.json_api import Response
from localaws.sagemaker.asynchronous import metrics, work
from localaws.sagemaker.asynchronous.request import parse
from localaws.sagemaker.asynchronous.work import Work
from localaws.sagemaker.runtime import Runtime, in_service
from localaws.sagemaker.runtime_api import invalid
from localaws.sagemaker.state import STORE, Endpoint
from localaws.scope import Scope

CONCURRENT_INVOCATIONS = 4
"""The default for each instance; SageMaker then chooses a number itself."""


class Asynchronous:
    """Queues requests and sends them to instances as these become free."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: set[asyncio.Task[None]] = set()

    def invoke(self, scope: Scope, name: str, headers: Mapping[str, str], body: bytes) -> Response:
        """InvokeEndpointAsync. Raises AwsError in the error shapes of botocore's model."""
        endpoint = in_service(scope, name)
        config = endpoint.configuration.get("AsyncInferenceConfig")
        if config is None:
            raise invalid(f"Endpoint {name} is not asynchronous: call it by InvokeEndpoint.")
        request = parse(config, name, headers, body)
        endpoint.backlog.waiting.append(request)
        self._look_at(endpoint)
        response = {"content-type": "application/json"}
        if request.output:
            response["x-amzn-sagemaker-outputlocation"] = request.output
        if request.failure:
            response["x-amzn-sagemaker-failurelocation"] = request.failure
        return 202, response, json.dumps({"InferenceId": request.inference_id}).encode()

    def beat(self) -> None:
        """Expire requests, start work on free instances, and publish the state of every queue."""
        for endpoint in STORE.endpoints():
            if "AsyncInferenceConfig" in endpoint.configuration and endpoint.fleet is not None:
                self._look_at(endpoint)
                metrics.publish_queue(endpoint, time.time())

    def _look_at(self, endpoint: Endpoint) -> None:
        for request in endpoint.backlog.take_expired(time.time()):
            self._begin(work.expire(endpoint, request))
        while endpoint.backlog.waiting and (begun := _next_work(endpoint)) is not None:
            self._begin(self._carry_out(begun))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, begun: Work) -> None:
        # Where nothing listened, the instance is being replaced: the next beat tries again.
        if await begun.run(self._runtime.ask):
            self._look_at(begun.endpoint)


def _next_work(endpoint: Endpoint) -> Work | None:
    """The oldest request, entered into an instance; None where all are busy."""
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
    request = endpoint.backlog.waiting.popleft()
    endpoint.backlog.processing.add(request)
    return Work(endpoint, request, variant.program.label, instance)
