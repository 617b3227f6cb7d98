"""The server: it accepts connections, and stops without losing a request."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from email.utils import formatdate
from socket import socket
from typing import Any

from ..errors import RequestError
from .connection import Connection
from .websocket import Application, WebSocket

_log = logging.getLogger("serving.http")

TICK_SECONDS = 1.0
_LINGER_SECONDS = 1.0
_BACKLOG = 2048


class Server:
    """Serves an application.

    Args:
        application: makes the responses.
        max_body_bytes: the limit of a request's body, and of a WebSocket's message.

    Attributes:
        draining: whether every connection closes after its next response.
        date: the Date header of the current second.
    """

    def __init__(self, application: Application, *, max_body_bytes: int) -> None:
        self.application = application
        self.max_body_bytes = max_body_bytes
        self.connections: set[Connection] = set()
        self.sockets: set[WebSocket] = set()
        self.draining = False
        self.date = b""
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def listen(self, listener: socket) -> None:
        """Begin to accept connections."""
        self._ticking = asyncio.ensure_future(self._tick())
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Connection(self), sock=listener, backlog=_BACKLOG
        )

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task for a client."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def drain(self, seconds: float) -> int:
        """Accept no more connections, finish the requests and close.

        After `seconds` the requests without a response are abandoned; returns their number.
        """
        assert self._listening is not None  # noqa: S101 - for the type checker alone
        assert self._ticking is not None  # noqa: S101
        self.draining = True
        # Connections in the listener's queue are still accepted.
        await asyncio.sleep(0.05)
        self._listening.close()
        # On a connection that looks idle, a request may be on its way.
        await self._until(lambda: not self.connections, _LINGER_SECONDS)
        for connection in list(self.connections):
            if not connection.busy:
                connection.close()
        for open_socket in list(self.sockets):
            open_socket.shut_down()
        await self._until(lambda: not self._tasks, seconds)
        abandoned = len(self._tasks)
        for task in list(self._tasks):
            task.cancel()
        # The tasks need a turn of the loop to end, and so does what was written.
        await self._until(lambda: not self._tasks and not self.connections, 0.1)
        for connected in self._connected:
            connected.abort()
        self._ticking.cancel()
        return abandoned

    @property
    def _connected(self) -> list[Connection | WebSocket]:
        return [*self.connections, *self.sockets]

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    await asyncio.sleep(0.01)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.date = f"date: {formatdate(usegmt=True)}\r\n".encode()
            now = loop.time()
            for connected in self._connected:
                connected.check(now)
            await asyncio.sleep(TICK_SECONDS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        # A failure of a stream is logged by the application.
        if error is not None and not isinstance(error, RequestError):
            _log.error("a client's request failed", exc_info=error)
