"""`POST /invocations`, and `POST /models/NAME/invoke` of a multi-model server."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from ..config import Settings
from ..errors import RequestError
from ..http.messages import ClientLeft, Request, Response
from ..logs import request_fields
from ..pythons import uncancelled
from . import headers, responses
from .call import Reply
from .host import Host
from .metrics import Metrics
from .pool import Pool
from .process import WorkerProcess
from .sessions import NEW, Sessions

_log = logging.getLogger("serving.invocations")

_MAY_QUOTE = {"malformed", "wrong_schema", "model_error"}
"""The codes of errors whose text may quote the body."""


class Invocations:
    """Passes requests to a model and makes HTTP responses from its replies."""

    def __init__(self, host: Host, metrics: Metrics, settings: Settings) -> None:
        self._host = host
        self._metrics = metrics
        self._settings = settings
        # SageMaker writes the response of a record that fails to the transform job's data-log.
        self._may_quote = settings.log_exception_messages or not settings.transform_job
        self._sessions = Sessions(settings.session_seconds)

    async def main(self, request: Request) -> Response:
        """Respond with the one model."""
        return await self._serve(request, self._host.main, "/invocations")

    async def named(self, request: Request, name: str) -> Response:
        """Respond with a model of a multi-model server."""
        return await self._serve(request, lambda: self._host.named(name)[1], "/models/invoke")

    async def _serve(self, request: Request, pool: Callable[[], Pool], route: str) -> Response:
        started = time.perf_counter()
        logged = self._settings.log_custom_attributes
        fields = headers.log_fields(request.headers, custom_attributes=logged)
        request_fields.set(fields)
        refused: dict[str, object] = {}
        try:
            response = await self._respond(request, pool(), fields)
        except RequestError as error:
            if error.code in _MAY_QUOTE and not self._may_quote:
                error.message = "the reason may quote the body, and this is a transform job's log"
            response, refused = responses.of_error(error), {"code": error.code}
        except ClientLeft:
            _log.info("the client left")
            response = Response(499)  # only the log and the metrics show it
        response.headers |= headers.returned(request.headers)
        seconds = time.perf_counter() - started
        self._metrics.count_request(route, response.status, seconds)
        extra = {"status": response.status, "ms": round(seconds * 1000, 2), **refused}
        _log.info("invocation", extra=extra)
        return response

    async def _respond(self, request: Request, pool: Pool, fields: dict[str, str]) -> Response:
        deadline = asyncio.get_running_loop().time() + self._settings.deadline_seconds
        limit, patience = self._settings.max_body_bytes, self._settings.read_seconds
        # Checked before the body is read, as that of a refused request is not needed.
        pool.check(min(request.declared, limit), self._settings.deadline_seconds)
        content = await request.body(limit=limit, seconds=patience, deadline=deadline)
        self._metrics.body_bytes.inc(len(content))
        head = headers.for_worker(request.headers, fields)
        session, worker = self._session(request, pool)
        if session is not None:
            head["session"] = session
        reply = await _unless_gone(request, pool.ask(head, content, deadline, worker))
        response = _response(reply)
        if session is not None:
            self._add_session_headers(request, session, reply, response)
        return response

    def _session(self, request: Request, pool: Pool) -> tuple[str | None, WorkerProcess | None]:
        session = request.headers.get(headers.SESSION_ID)
        if session is None:
            return None, None
        if session != NEW:
            return session, self._sessions.worker(session)
        worker = pool.worker()
        return self._sessions.begin(worker), worker

    def _add_session_headers(
        self, request: Request, session: str, reply: Reply, response: Response
    ) -> None:
        if reply.session_closed:
            self._sessions.end(session)
            response.headers[headers.CLOSED_SESSION_ID] = session
        elif request.headers[headers.SESSION_ID] == NEW:
            expires = f"{session}; Expires={self._sessions.expires}"
            response.headers[headers.NEW_SESSION_ID] = expires


async def _unless_gone(request: Request, replying: Coroutine[Any, Any, Reply]) -> Reply:
    """Await the reply; if the client leaves, cancel the call and raise ClientLeft."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for the type checker alone
    with request.leaving(task.cancel):
        try:
            return await replying
        except asyncio.CancelledError:
            if request.has_left and uncancelled(task):
                raise ClientLeft from None
            raise


def _response(reply: Reply) -> Response:
    if reply.chunks is None:
        return Response(200, reply.body, reply.content_type)
    return Response(200, content_type=reply.content_type, chunks=_logged(reply.chunks))


async def _logged(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the chunks; log a failure, which closes the connection: the status is already sent."""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
    except RequestError as error:
        _log.error("the stream broke: %s", error.code)
        raise
