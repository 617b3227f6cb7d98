"""SageMaker on this machine: the control plane, the runtime, and the hosting plane behind them.

What the emulator installs: `SERVICE`, `ROUTES` and `handle` (the API), `RESOURCES` (the
CloudFormation types) and `shutdown` (ends every container program).
"""

import asyncio
import itertools
import re

from localaws import cloudwatch
from localaws.ministack import services
from localaws.sagemaker import (
    answers,
    capture,
    concurrency,
    control,
    hosting,
    metrics,
    runtime,
    serverless,
    utilization,
)
from localaws.sagemaker.asynchronous.service import Asynchronous
from localaws.sagemaker.cloudformation import RESOURCES
from localaws.sagemaker.errors import AwsError
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

PULSE_SECONDS = 1.0
"""How often metrics are published, and captured data is written."""

BEATS_PER_MEASUREMENT = 5
"""CPU and memory are looked at every fifth time; SageMaker does every minute."""

_INVOCATION = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<kind>async-invocations|invocations)")
_background: set[asyncio.Task[None]] = set()
_runtimes: list[runtime.Runtime] = []
_queues: list[Asynchronous] = []


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, object]
) -> answers.Answer:
    """Answer one request; header names come in lower case."""
    del method, query_params
    if not _background:
        _start()
    scope = services.scope()
    if path == "/":
        try:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            return control.answer(scope, operation, body)
        except AwsError as error:
            return control.refused(error)
    wanted = _INVOCATION.fullmatch(path)
    if wanted is None:
        return answers.unknown(path)
    name = wanted["name"]
    try:
        if wanted["kind"] == "async-invocations":
            return _queues[0].invoke(scope, name, headers, body)
        return await _runtimes[0].invoke(scope, name, headers, body)
    except AwsError as error:
        return answers.refused(error)


def shutdown() -> None:
    """End every program of every endpoint and transform job."""
    hosting.shutdown()
    runs.shutdown()


def _start() -> None:
    cloudwatch.start()
    _runtimes.append(runtime.Runtime())
    _queues.append(Asynchronous(_runtimes[0]))
    _background.add(asyncio.get_running_loop().create_task(_pulse(), name="sagemaker-pulse"))


async def _pulse() -> None:
    meter = utilization.Meter()
    for beat in itertools.count():
        if beat % BEATS_PER_MEASUREMENT == 0:
            invocation.publish(STORE.endpoints())
            utilization.publish(await asyncio.to_thread(meter.measure, STORE.endpoints()))
        concurrency.count()
        if beat % concurrency.BEATS == 0:
            concurrency.publish()
        serverless.publish()
        metrics.publish()
        _queues[0].beat()
        await asyncio.to_thread(capture.store)
        await asyncio.sleep(PULSE_SECONDS)
