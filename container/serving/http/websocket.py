"""A WebSocket: messages in and out, once a connection has been upgraded to it (RFC 6455)."""

import asyncio
from collections.abc import Coroutine
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

from .flow import Flow
from .messages import Request, Response

_MOST_UNREAD = 16  # messages, before the client is read no further


def is_handshake(request: Request) -> bool:
    """Whether a request asks for a WebSocket."""
    upgrade = request.headers.get("upgrade", "").lower()
    return request.method == "GET" and upgrade == "websocket"


class WebSocket(Flow):
    """Hands the client's messages to the server's application, which sends its own.

    Args:
        server: what it belongs to.
        transport: of the connection.
    """

    def __init__(self, server: "Server", transport: asyncio.Transport) -> None:
        super().__init__()
        self._server = server
        self._transport = transport
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._open = True

    def begin(self, request: Request, rest: bytes) -> None:
        """Accept the handshake, and take what has come behind it."""
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
        """Wait for a message; None when the client has closed, or is gone."""
        message = await self._messages.get()
        if self._messages.qsize() < _MOST_UNREAD and not self._transport.is_closing():
            self._transport.resume_reading()
        return message

    async def send(self, message: str | bytes) -> None:
        """Send a message; it is dropped when the client is gone."""
        if self._open:
            self._write(TextMessage(message) if isinstance(message, str) else BytesMessage(message))
        await self.drained()

    def close(self, code: CloseReason = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Tell the client that it is over."""
        if self._open:
            self._write(CloseConnection(code, reason))
            self._end()

    def shut_down(self) -> None:
        """The server ends."""
        self.close(CloseReason.SERVICE_RESTART)

    async def _serve(self, request: Request) -> None:
        try:
            await self._server.application.converse(request, self)
        except BaseException:
            self.close(CloseReason.INTERNAL_ERROR)
            raise
        self.close()

    # asyncio calls these.

    def data_received(self, data: bytes) -> None:
        """Take the frames that have come."""
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                self._take(event)
        except RemoteProtocolError as error:
            self.close(CloseReason.PROTOCOL_ERROR, str(error))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The client is gone."""
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
    """What responds to requests, and converses over WebSockets.

    Attributes:
        websocket_path: where a WebSocket may be opened.
    """

    websocket_path: str

    async def respond(self, request: Request) -> Response:
        """Answer a request, whatever happens."""

    async def converse(self, request: Request, socket: WebSocket) -> None:
        """Talk to a client by messages, until either has enough."""

    def fault(self) -> Response:
        """The answer where the server itself has failed."""


class Server(Protocol):
    """What a WebSocket needs of the server that it belongs to."""

    application: Application
    max_body_bytes: int
    sockets: set[WebSocket]

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin work for a client."""
