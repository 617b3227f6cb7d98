"""The routes of the contract: `GET /ping` and `POST /invocations`."""

import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import media
from .errors import PredictionError, RequestError
from .logs import request_fields
from .worker import Worker

if TYPE_CHECKING:
    from .model import Model

_log = logging.getLogger(__name__)

CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
_LOGGED = {CUSTOM_ATTRIBUTES: "custom_attributes", INFERENCE_ID: "inference_id"}


def create_app(worker: "Worker[Model]", *, max_body_bytes: int) -> Starlette:
    """Make the application around a worker, which starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop()

    async def ping(_: Request) -> Response:
        return Response(status_code=200 if worker.ready else 503)

    async def invocations(request: Request) -> Response:
        started = time.perf_counter()
        fields = {"request_id": secrets.token_hex(8)}
        fields |= {
            key: request.headers[name] for name, key in _LOGGED.items() if name in request.headers
        }
        request_fields.set(fields)
        response = await _respond(request, worker, max_body_bytes)
        if CUSTOM_ATTRIBUTES in request.headers:
            response.headers[CUSTOM_ATTRIBUTES] = request.headers[CUSTOM_ATTRIBUTES]
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        _log.info("invocation", extra={"status": response.status_code, "ms": milliseconds})
        return response

    app = Starlette(
        routes=[
            Route("/ping", ping, methods=["GET"]),
            Route("/invocations", invocations, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _no_such_route, Exception: _own_fault},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _respond(request: Request, worker: "Worker[Model]", max_body_bytes: int) -> Response:
    headers = request.headers
    try:
        worker.check()  # before the body: nothing is gained by reading what will be refused
        media.check_accept(headers.get("accept"))
        media_type = media.request_type(headers.get("content-type"))
        body = await media.read_body(
            request.stream(), limit=max_body_bytes, declared=headers.get("content-length")
        )
        answer = await worker.run(lambda model: model.answer(body, media_type))
    except RequestError as error:
        return _error(error)
    except ClientDisconnect:
        _log.info("the client left before its body was read")
        return Response(status_code=400)
    except PredictionError as error:
        _log.exception("the model failed")
        return _error(RequestError(500, "model_error", f"the model failed: {error}"))
    return Response(answer, media_type=media.JSON)


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker alone
    path = f"{request.method} {request.url.path}"
    code, message = {
        404: ("not_found", f"{path}: only GET /ping and POST /invocations are served"),
        405: ("method_not_allowed", f"{path}: the method is not allowed here"),
    }.get(error.status_code, ("refused", error.detail))
    headers = dict(error.headers or {})
    return _error(RequestError(error.status_code, code, message, headers=headers))


async def _own_fault(_: Request, __: Exception) -> Response:
    # Starlette raises it again, and uvicorn logs it with its traceback.
    return _error(RequestError(500, "server_error", "the server failed; its log says why"))


def _error(error: RequestError) -> Response:
    content = {"code": error.code, "message": error.message}
    if error.where is not None:
        content["where"] = error.where
    if (request_id := request_fields.get({}).get("request_id")) is not None:
        content["request_id"] = request_id
    return JSONResponse({"error": content}, error.status, error.headers)
