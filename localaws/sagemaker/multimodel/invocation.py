"""InvokeEndpoint on a multi-model endpoint: its model found, loaded, called and measured."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx

from localaws.json_api import AwsError
from localaws.sagemaker import metrics
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.multimodel.cache import Model, ModelCache, RefusedError, Timings
from localaws.sagemaker.multimodel.source import Source
from localaws.sagemaker.runtime_api import Reply, invalid
from localaws.sagemaker.state import Endpoint

WAIT_SECONDS = 60.0
"""How long a request waits for its model: no longer than for a response."""

T = TypeVar("T")

Send = Callable[[str], Awaitable[Reply]]
"""Sends the request to a path of the instance."""

# Loading takes long; it must not occupy the event loop's own threads.
_threads = ThreadPoolExecutor(32, thread_name_prefix="models")


def target_of(endpoint: str, models: Source | None, headers: Mapping[str, str]) -> str | None:
    """The key, below the prefix, of the model that a request calls; None on other endpoints.

    Raises ValidationError where the header is missing or not allowed.
    """
    target = headers.get("x-amzn-sagemaker-target-model")
    if models is None:
        if target is not None:
            raise invalid(
                f"Endpoint {endpoint} is not a multi-model endpoint and does not support target"
                " model header."
            )
        return None
    if target is None:
        raise invalid(f"Request {uuid.uuid4()} is missing a target model header.")
    return target.lstrip("/")


async def ask(subject: metrics.Subject, cache: ModelCache, target: str, send: Send) -> Reply:
    """The model's response; the model is loaded first where it is not.

    Raises AwsError: ValidationError where there is no such archive, ModelNotReadyException where
    loading takes longer than a request may wait. httpx.ConnectError where the instance is gone.
    """
    metrics.gather(subject, "ModelCacheHit", float(target in cache))
    started = time.perf_counter()
    try:
        model, timings = await _held(cache, target)
    except HostingError as error:
        raise invalid(str(error)) from error
    except RefusedError as error:
        return Reply(error.status, {}, error.body, 0.0)
    except httpx.ConnectError:
        raise
    except httpx.HTTPError as error:
        return Reply(0, {}, f"The model was not loaded: {error!r}".encode(), 0.0)
    if timings:
        timings.append(("ModelLoadingWaitTime", time.perf_counter() - started))
    try:
        return await _invoke(cache, model, send, timings)
    finally:
        timings += await _in_thread(cache.release, model)
        for name, seconds in timings:
            metrics.gather(subject, name, metrics.microseconds(seconds))


async def _held(cache: ModelCache, target: str) -> tuple[Model, Timings]:
    holding = asyncio.ensure_future(_in_thread(cache.hold, target))
    await asyncio.wait({holding}, timeout=WAIT_SECONDS)
    if holding.done():
        return holding.result()

    def let_go(held: "asyncio.Future[tuple[Model, Timings]]") -> None:
        if held.exception() is None:
            _threads.submit(cache.release, held.result()[0])

    holding.add_done_callback(let_go)
    raise AwsError(
        "ModelNotReadyException",
        f"Model {target} is still being downloaded or loaded. Wait and try your request again.",
        status=429,
    )


async def _invoke(cache: ModelCache, model: Model, send: Send, timings: Timings) -> Reply:
    path = f"/models/{model.name}/invoke"
    reply = await send(path)
    if reply.status == 404:
        try:
            timings += await _in_thread(cache.lost, model)
        except RefusedError as error:
            return Reply(error.status, {}, error.body, 0.0)
        reply = await send(path)
    while reply.status == 507 and await _in_thread(cache.make_room, timings):
        reply = await send(path)
    return reply


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)


def publish(endpoints: Iterable[Endpoint]) -> None:
    """Publish LoadedModelCount of every instance. Call it on the event loop."""
    for endpoint, name, variant in metrics.variants_of(endpoints):
        for cache in (one.models for one in variant.instances if one.models):
            metrics.put(
                endpoint.scope,
                "LoadedModelCount",
                {cache.loaded: 1},
                namespace=metrics.INSTANCES,
                EndpointName=endpoint.name,
                VariantName=name,
            )
