"""uvicorn, with a limit on slow heads and an end that loses no request."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..config import Settings

HEAD_SECONDS = 10.0
_LINGER_SECONDS = 1.0
# Longer than clients keep idle connections, so that it is never the server that hangs up on one
# just as the next request comes.
_KEEP_ALIVE_SECONDS = 75


def configuration(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to serve the application."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=Connection,
        ws="wsproto",
        ws_max_size=settings.max_body_bytes,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


class _Corked:
    """A transport that sends what is written within one turn of the event loop together.

    uvicorn writes an answer's head and body apart, a system call and a packet each.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._unsent: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send soon."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)

    def close(self) -> None:
        """Send what was written, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Client:
    """Whoever holds the other end of a connection: `scope["extensions"]["serving.client"]`."""

    def __init__(self) -> None:
        self.has_left = False
        self._told: set[Callable[[], object]] = set()

    @contextlib.contextmanager
    def tells(self, leaving: Callable[[], object]) -> Iterator[None]:
        """Have `leaving` called when the client hangs up within the block, or has before it."""
        self._told.add(leaving)
        if self.has_left:
            leaving()
        try:
            yield
        finally:
            self._told.discard(leaving)

    def leave(self) -> None:
        """It has hung up."""
        self.has_left = True
        for leaving in list(self._told):
            leaving()


class Connection(HttpToolsProtocol):
    """uvicorn's connection; it closes when a request's head takes too long to come.

    uvicorn knows a time limit between requests only (its `timeout_keep_alive`): a client that
    sends a byte now and then would hold a connection for ever. And it tells who has left by a
    message alone, for which a task of its own would wait beside each request.
    """

    _slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first head its time."""
        self._client = Client()
        super().connection_made(cast("asyncio.Transport", _Corked(transport, self.loop)))
        self._expect_head()

    def on_message_begin(self) -> None:
        """Give the next head its time."""
        super().on_message_begin()
        self.scope["extensions"] = {"serving.client": self._client}  # type: ignore[dict-item]
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head has come."""
        self._expect_no_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """No head will come."""
        self._expect_no_head()
        super().connection_lost(exc)
        self._client.leave()

    def _expect_head(self) -> None:
        self._expect_no_head()
        self._slow = self.loop.call_later(HEAD_SECONDS, self._close_slow)

    def _expect_no_head(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _close_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's server; at the end it answers what clients have sent before they could know.

    `abandoned` says how many requests were given up unanswered.
    """

    abandoned = 0

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to accept, answer what was sent, close.

        uvicorn would close connections without a request in work at once, and with them those
        whose request has been sent, but not read yet.
        """
        # What has connected already is in the listener's queue, and is accepted first.
        await asyncio.sleep(0.05)
        for server in self.servers:
            server.close()
        state: Any = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while state.connections:
                    await asyncio.sleep(0.01)
        if self.config.timeout_graceful_shutdown is not None:
            late = asyncio.get_running_loop().call_later(
                self.config.timeout_graceful_shutdown, self._count_abandoned
            )
            await super().shutdown(sockets)
            late.cancel()

    def _count_abandoned(self) -> None:
        self.abandoned = len(self.server_state.tasks)
