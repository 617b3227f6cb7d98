"""A server in a thread, with an application that does as its paths say."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest
import uvloop

from berth_serving.errors import RequestError
from berth_serving.http.messages import ClientLeft, Request, Response
from berth_serving.http.server import Server
from berth_serving.http.websocket import WebSocket

TEXT = "text/plain"
LIMIT = 1000
TIMEOUT = 60
MADE = {
    "/ignore": Response(200, b"ignored", TEXT),
    "/long": Response(200, b"x" * 2**25, TEXT),
    "/bent": Response(200, b"", "text/plain\r\nx-injected: yes"),
    "/broken": Response(200, b"", 5),  # type: ignore[arg-type]  # which is what is broken
}


class Paths:
    """The application.

    Attributes:
        gate: `/wait` answers when it is set.
        entered: set when `/wait` waits, and when a stream has begun.
        left: set when a client has left before its answer.
        chunks: how many chunks `/endless` has made.
    """

    websocket_path = "/socket"

    def __init__(self) -> None:
        self.gate, self.entered, self.left = Event(), Event(), Event()
        self.chunks = 0

    async def respond(self, request: Request) -> Response:
        try:
            return await self._respond(request)
        except RequestError as error:
            return Response(error.status, error.message.encode(), TEXT)
        except ClientLeft:
            self.left.set()
            return Response(499)

    async def converse(self, request: Request, socket: WebSocket) -> None:
        assert request.path == "/socket"
        while (message := await socket.receive()) is not None:
            if message == "fail":
                raise RuntimeError("as it was told")
            if message == "bye":
                return
            await socket.send(message.upper())
        self.left.set()

    def fault(self) -> Response:
        return Response(500, b"the server failed", TEXT)

    async def _respond(self, request: Request) -> Response:
        match request.path:
            case "/echo":
                body = await request.body(limit=LIMIT, seconds=0.2)
                seen = f"{request.method} {request.query} {request.headers.get('x-seen')} "
                return Response(200, seen.encode() + body, TEXT)
            case "/soon":
                soon = asyncio.get_running_loop().time() + 0.2
                await request.body(limit=LIMIT, seconds=10 * TIMEOUT, deadline=soon)
            case "/wait":
                await self._wait(request)
                return Response(200, b"waited", TEXT)
            case "/stream":
                return Response(content_type=TEXT, chunks=self._stream("fail" in request.query))
            case "/endless":
                return Response(content_type=TEXT, chunks=self._endless())
        if request.path in MADE:
            return MADE[request.path]
        raise RequestError(404, "not_found", "no such path")

    async def _wait(self, request: Request) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.entered.set()
        with request.leaving(self.left.set):
            while not self.gate.is_set() and not request.has_left:
                await asyncio.sleep(0.001)

    async def _stream(self, fails: bool) -> AsyncGenerator[bytes]:
        yield b"one"
        yield b""
        if fails:
            raise RequestError(500, "failed", "as it was told")
        yield b"two"

    async def _endless(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                self.chunks += 1
                self.entered.set()
                yield b"x" * 65_536
                await asyncio.sleep(0)
        finally:
            self.left.set()


class Running:
    """The server, from `with` to its end."""

    def __init__(self) -> None:
        self.paths = Paths()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._ready = Event()
        self._loop = uvloop.new_event_loop()
        self._drain = asyncio.Event()
        self.abandoned: int | None = None

    @contextmanager
    def running(self) -> Iterator["Running"]:
        thread = Thread(target=self._loop.run_until_complete, args=(self._run(),))
        thread.start()
        assert self._ready.wait(TIMEOUT)
        yield self
        self.paths.gate.set()
        self.drain()
        thread.join(TIMEOUT)
        assert not thread.is_alive()
        self._loop.close()

    def drain(self) -> None:
        self._loop.call_soon_threadsafe(self._drain.set)

    def connect(self) -> socket.socket:
        client = socket.create_connection(self._address, TIMEOUT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def talk(self, sent: bytes) -> bytes:
        """Send this on a connection of its own, and read until the server closes it."""
        with self.connect() as client:
            client.sendall(sent)
            return rest(client)

    async def _run(self) -> None:
        self.server = Server(self.paths, max_body_bytes=2 * LIMIT)
        await self.server.listen(self._listener)
        self._ready.set()
        await self._drain.wait()
        self.abandoned = await self.server.drain(1)


def rest(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while piece := client.recv(65_536):
            received += piece
    return bytes(received)


def until(client: socket.socket, end: bytes) -> bytes:
    """All that comes up to these bytes."""
    received = bytearray()
    while not received.endswith(end):
        piece = client.recv(1)
        assert piece, bytes(received)
        received += piece
    return bytes(received)


@pytest.fixture
def running() -> Iterator[Running]:
    with Running().running() as server:
        yield server
