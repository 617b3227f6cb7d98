"""The server: it accepts connections, and stops without losing a request."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from socket import socket

from ..pythons import timeout
from .connection import Connection
from .flow import Flow
from .websocket import Application, Shared

TICK_SECONDS = 1.0
_LINGER_SECONDS = 1.0
_BACKLOG = 2048


class Server(Shared):
    """Serves an application."""

    def __init__(self, application: Application, *, max_body_bytes: int) -> None:
        super().__init__(application, max_body_bytes)
        self._listening: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def listen(self, listener: socket) -> None:
        """Begin to accept connections."""
        self._ticking = asyncio.ensure_future(self._tick())
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Connection(self), sock=listener, backlog=_BACKLOG
        )

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
        for connected in self._connected:
            connected.shut_down()
        await self._until(lambda: not self.tasks, seconds)
        abandoned = len(self.tasks)
        for task in list(self.tasks):
            task.cancel()
        # The tasks need a turn of the loop to end, and so does what was written.
        await self._until(lambda: not self.tasks and not self.connections, 0.1)
        for connected in self._connected:
            connected.abort()
        self._ticking.cancel()
        return abandoned

    @property
    def _connected(self) -> list[Flow]:
        return [*self.connections, *self.sockets]

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with timeout(seconds):
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
