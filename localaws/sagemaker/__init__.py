"""SageMaker on this machine: the control plane, the runtime, and the hosting plane behind them.

What the emulator installs: `SERVICE`, `ROUTES` and `handle` (the API), `RESOURCES` (the
CloudFormation types) and `shutdown` (ends every container program).
"""

import asyncio
import itertools
import re
from functools import partial

from localaws import json_api
from localaws.json_api import AwsError
from localaws.ministack import services
from localaws.sagemaker import capture, control, hosting, metrics, runtime, runtime_api, serverless
from localaws.sagemaker.asynchronous.service import Asynchronous
from localaws.sagemaker.cloudformation import RESOURCES
from localaws.sagemaker.multimodel import invocation
from localaws.sagemaker.state import STORE
from localaws.sagemaker.transform import runs

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown"]

SERVICE = "sagemaker"
ROUTES = {
    "target_prefixes": ["SageMaker."],
    "host_patterns": [r"sagemaker\."],
    "path_prefixes": ["/endpoints/"],
}

PUBLICATION_SECONDS = 1.0
"""How often metrics are published, and captured data is written."""

ROUNDS_PER_MEASUREMENT = 5
"""CPU and memory are measured every fifth time; SageMaker does so every minute."""

_INVOCATION = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<kind>async-invocations|invocations)")
_background: set[asyncio.Task[None]] = set()
_runtimes: list[runtime.Runtime] = []
_queues: list[Asynchronous] = []


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> json_api.Response:
    """Respond to one request."""
    del method, query_params
    if not _background:
        _start()
    scope = services.scope()
    if path == "/":
        operation = json_api.operation_of(headers)
        return json_api.respond(partial(control.call, scope, operation), body)
    wanted = _INVOCATION.fullmatch(path)
    if wanted is None:
        message = f"localaws emulates InvokeEndpoint and InvokeEndpointAsync, not {path}."
        return runtime_api.refused(AwsError("UnknownOperationException", message, status=404))
    invoke = _runtimes[0].invoke if wanted["kind"] == "invocations" else _queues[0].invoke
    try:
        return await invoke(scope, wanted["name"], headers, body)
    except AwsError as error:
        return runtime_api.refused(error)


def shutdown() -> None:
    """End every program of every endpoint and transform job."""
    hosting.shutdown()
    runs.shutdown()


def _start() -> None:
    _runtimes.append(runtime.Runtime())
    _queues.append(Asynchronous(_runtimes[0]))
    _background.add(asyncio.create_task(_publish_regularly(), name="sagemaker-metrics"))


async def _publish_regularly() -> None:
    meter = metrics.Meter()
    for number in itertools.count():
        if number % ROUNDS_PER_MEASUREMENT == 0:
            invocation.publish(STORE.endpoints())
            metrics.publish_utilization(await asyncio.to_thread(meter.measure, STORE.endpoints()))
        metrics.count_concurrent_requests()
        if number % metrics.COUNTS_PER_PUBLICATION == 0:
            metrics.publish_concurrent_requests()
        serverless.publish()
        metrics.publish_invocations()
        _queues[0].advance()
        await asyncio.to_thread(capture.store)
        await asyncio.sleep(PUBLICATION_SECONDS)
