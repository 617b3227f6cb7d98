"""The server: it listens, and ends without losing a request."""

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
    """Serves an application to clients.

    Args:
        application: what answers.
        max_body_bytes: of a request, and of a WebSocket's message.

    Attributes:
        draining: whether every connection ends with its next answer.
        date: the header of that name, of the second.
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
        """Take connections."""
        self._ticking = asyncio.ensure_future(self._tick())
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Connection(self), sock=listener, backlog=_BACKLOG
        )

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin work for a client."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def drain(self, seconds: float) -> int:
        """Stop to accept, answer what was sent, close.

        Args:
            seconds: after which what is not answered is given up.

        Returns:
            How many requests that were.
        """
        assert self._listening is not None  # noqa: S101 - for the type checker alone
        assert self._ticking is not None  # noqa: S101
        self.draining = True
        # What has connected already is in the listener's queue, and is accepted first.
        await asyncio.sleep(0.05)
        self._listening.close()
        # A request may have been sent on a connection that looks idle, and not have been read.
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
        # A turn of the loop for what was written, and for the tasks to end.
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
        # A stream's fault is logged where it is known what streamed.
        if error is not None and not isinstance(error, RequestError):
            _log.error("a client was not served to the end", exc_info=error)
