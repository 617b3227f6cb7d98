"""A WebSocket, to which a connection has been upgraded (RFC 6455)."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from ..errors import RequestError
from .flow import Flow
from .messages import Request, Response

_log = logging.getLogger("serving.http")

_MOST_UNREAD = 16  # messages; reading pauses when so many wait for the application


def is_handshake(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request asks for a WebSocket."""
    return method == "GET" and headers.get("upgrade", "").lower() == "websocket"


class WebSocket(Flow):
    """Passes messages between the client and the server's application."""

    def __init__(self, server: "Shared", transport: asyncio.Transport) -> None:
        super().__init__()
        self._server = server
        self._transport = transport
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._open = True

    def begin(self, request: Request, rest: bytes) -> None:
        """Accept the handshake; `rest` are the bytes that followed it."""
        head = [f"GET {request.path} HTTP/1.1\r\n"]
        head += [f"{name}: {value}\r\n" for name, value in request.headers.items()]
        try:
            self._protocol.receive_data("".join([*head, "\r\n"]).encode("latin-1"))
            list(self._protocol.events())
            self._write(AcceptConnection())
        except RemoteProtocolError as error:
            said = str(error).encode()
            line = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            self._transport.write(line % (len(said), said))
            self._transport.close()
            return
        self._server.sockets.add(self)
        self._server.start(self._serve(request))
        if rest:
            self.data_received(rest)

    async def receive(self) -> str | bytes | None:
        """Wait for a message; None when the client has closed the stream."""
        message = await self._messages.get()
        if self._messages.qsize() < _MOST_UNREAD and not self._transport.is_closing():
            self._transport.resume_reading()
        return message

    async def send(self, message: str | bytes) -> None:
        """Send a message; it is dropped if the client has closed the stream."""
        if self._open:
            self._write(TextMessage(message) if isinstance(message, str) else BytesMessage(message))
        await self.drained()

    def close(self, code: CloseReason = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the stream."""
        if self._open:
            self._write(CloseConnection(code, reason))
            self._end()

    def shut_down(self) -> None:
        """Close the stream because the server ends."""
        self.close(CloseReason.SERVICE_RESTART)

    async def _serve(self, request: Request) -> None:
        try:
            await self._server.application.converse(request, self)
        except BaseException:
            self.close(CloseReason.INTERNAL_ERROR)
            raise
        self.close()

    def data_received(self, data: bytes) -> None:
        """Handle frames; called by asyncio."""
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                self._take(event)
        except RemoteProtocolError as error:
            self.close(CloseReason.PROTOCOL_ERROR, str(error))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Note that the client has left."""
        self._server.sockets.discard(self)
        self.resume_writing()
        self._end()

    def _take(self, event: Event) -> None:
        if not self._open:
            return
        if isinstance(event, TextMessage | BytesMessage):
            self._collect(event)
        elif isinstance(event, Ping):
            self._write(event.response())
        elif isinstance(event, CloseConnection):
            self._write(event.response())
            self._end()

    def _collect(self, event: TextMessage | BytesMessage) -> None:
        self._parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
        self._size += len(event.data)
        if self._size > self._server.max_body_bytes:
            self._parts = []
            self.close(CloseReason.MESSAGE_TOO_BIG)
        elif event.message_finished:
            empty: str | bytes = "" if isinstance(event, TextMessage) else b""
            self._messages.put_nowait(empty.join(self._parts))  # type: ignore[arg-type]
            self._parts, self._size = [], 0
            if self._messages.qsize() >= _MOST_UNREAD:
                self._transport.pause_reading()

    def _write(self, event: Event) -> None:
        try:
            self._transport.write(self._protocol.send(event))
        except LocalProtocolError:  # it is closing
            self._end()

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._messages.put_nowait(None)
        self._transport.close()


class Application(Protocol):
    """The program behind the server; a WebSocket may be opened at `websocket_path`."""

    websocket_path: str

    async def respond(self, request: Request) -> Response:
        """Make the response to a request; an error becomes a response, too."""

    async def converse(self, request: Request, socket: WebSocket) -> None:
        """Respond to the messages of a client until either closes the stream."""

    def fault(self) -> Response:
        """Make the response for a failure of the server itself."""


class Shared:
    """The part of a server that its connections use.

    Attributes:
        application: makes the responses.
        max_body_bytes: the limit of a request's body, and of a WebSocket's message.
        connections: the open connections, without WebSockets.
        sockets: the open WebSockets.
        tasks: the work for clients that is not done.
        draining: whether every connection closes after its next response.
        date: the Date header of the current second.
    """

    def __init__(self, application: Application, max_body_bytes: int) -> None:
        self.application = application
        self.max_body_bytes = max_body_bytes
        self.connections: set[Flow] = set()
        self.sockets: set[Flow] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.draining = False
        self.date = b""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task for a client."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        # A failure of a stream is logged by the application.
        if error is not None and not isinstance(error, RequestError):
            _log.error("a client's request failed", exc_info=error)
