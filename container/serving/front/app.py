"""The routes of the contract, as SageMaker's guide has them (your-algorithms-inference-code)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ..config import Settings
from ..errors import RequestError
from . import answers
from .host import Host
from .invocations import Invocations
from .metrics import Metrics
from .models import Models
from .stream import Bidirectional

_log = logging.getLogger("serving.app")

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def create_app(host: Host, metrics: Metrics, settings: Settings) -> Starlette:
    """Make the application around a host, which starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        host.start()
        telling = asyncio.ensure_future(metrics.model.keep_telling())
        yield
        telling.cancel()
        await host.stop()
        metrics.model.tell()

    async def ping(_: Request) -> Response:
        return Response(status_code=200 if host.healthy else 503)

    async def execution_parameters(_: Request) -> Response:
        return JSONResponse(_execution_parameters(host, settings))

    async def prometheus(_: Request) -> Response:
        waiting, tokens = host.waiting
        metrics.waiting.set(waiting)
        metrics.waiting_tokens.set(tokens)
        metrics.healthy.set(host.healthy)
        return Response(metrics.text(), headers={"Content-Type": PROMETHEUS})

    invocations = Invocations(host, metrics, settings)
    routes: list[BaseRoute] = [
        Route("/ping", ping, methods=["GET"]),
        Route("/invocations", invocations.main, methods=["POST"]),
        Route("/execution-parameters", execution_parameters, methods=["GET"]),
        Route("/metrics", prometheus, methods=["GET"]),
        WebSocketRoute("/invocations-bidirectional-stream", Bidirectional(host, settings).serve),
    ]
    if settings.multi_model:
        models = Models(host)
        routes += [
            Route("/models", models.load, methods=["POST"]),
            Route("/models", models.list, methods=["GET"]),
            Route("/models/{name}", models.describe, methods=["GET"]),
            Route("/models/{name}", models.unload, methods=["DELETE"]),
            Route("/models/{name}/invoke", invocations.named, methods=["POST"]),
        ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _no_such_route,
            RequestError: _refusal,
            Exception: _own_fault,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _execution_parameters(host: Host, settings: Settings) -> dict[str, object]:
    """What a batch transform should send: as much at once as is done in half of the deadline."""
    pool = host.main()
    allowed = min(100, settings.max_body_bytes // 2**20)
    if cost := pool.seconds_per_byte:
        allowed = min(allowed, int(settings.deadline_seconds / 2 / cost / 2**20))
    return {
        # One in work and one that waits for each, so that no worker idles between two.
        "MaxConcurrentTransforms": 2 * pool.size,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": max(1, allowed),
    }


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - for the type checker alone
    return answers.refusal(error)


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker alone
    path = f"{request.method} {request.url.path}"
    code, message = {
        404: ("not_found", f"{path}: there is no such path here"),
        405: ("method_not_allowed", f"{path}: the method is not allowed here"),
    }.get(error.status_code, ("refused", error.detail))
    headers = dict(error.headers or {})
    return answers.refusal(RequestError(error.status_code, code, message, headers=headers))


async def _own_fault(_: Request, __: Exception) -> Response:
    # Starlette raises it again, and uvicorn logs it with its traceback.
    return answers.refusal(RequestError(500, "server_error", "the server failed; its log says why"))
