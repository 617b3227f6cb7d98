"""A client's connection: requests are read and responses sent, one after another (RFC 9112)."""

import asyncio
import math
from collections import deque
from typing import cast

import httptools

from .messages import Request, Response
from .websocket import Shared, WebSocket, is_handshake
from .writer import Writer

HEAD_SECONDS = 10.0
# Longer than clients keep idle connections, so that the server does not close one just as the next
# request arrives.
_IDLE_SECONDS = 75.0
# The limit of a head, of a chunked body's trailer, and of the bytes between two parts of these.
_MOST_FRUITLESS_BYTES = 65_536


class Connection(Writer):
    """Reads requests and sends the responses of the server's application, in order.

    It closes when a request's head takes too long, so that a client that sends a byte now and then
    cannot hold it for ever.
    """

    def __init__(self, server: Shared) -> None:
        super().__init__(server)
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._in_head = False
        self._fruitless = 0  # bytes since the last complete head, part of a body, or end of a body
        self._coming: Request | None = None  # its body is being read
        self._current: Request | None = None  # its response is being made or sent
        self._next: deque[Request] = deque()
        self._close_at = math.inf

    def check(self, now: float) -> None:
        """Close the connection if the client is too slow to send or to read."""
        super().check(now)
        if now > self._close_at:
            self.close()

    def close(self) -> None:
        """Close the connection after all that was written is sent."""
        self._transport.close()

    def shut_down(self) -> None:
        """Close the connection unless a request has no response yet."""
        if self._current is None:
            self.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._close_at = self._loop.time() + HEAD_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Cancel the work for a client that has left."""
        self._let_go()
        self.resume_writing()
        self._next.clear()
        for request in {self._coming, self._current} - {None}:
            cast("Request", request).leave()

    def data_received(self, data: bytes) -> None:
        """Parse data; called by asyncio."""
        self._fruitless += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400, b"this is not HTTP/1.1")
        else:
            if self._fruitless > _MOST_FRUITLESS_BYTES:
                self._refuse(431, b"the head is too long")

    def on_message_begin(self) -> None:
        """Begin a head; this and the following are called by httptools."""
        self._url = b""
        self._headers = {}
        self._in_head = True
        if self._current is None:
            self._close_at = self._loop.time() + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        """Add a part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers of a body are ignored."""
        if not self._in_head:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        """Begin to respond to the request, or queue it behind the current one."""
        self._in_head = False
        self._fruitless = 0
        parser = self._parser
        path, query = _target(self._url)
        waits = self._headers.get("expect", "").lower() == "100-continue"
        # After a request for an upgrade that is not made, the client may send other than HTTP.
        keep = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        request = Request(
            parser.get_method().decode(),
            path,
            query,
            self._headers,
            version=parser.get_http_version(),
            limit=self._server.max_body_bytes,
            keep_alive=keep and not parser.should_upgrade(),
            go_on=self._go_on if waits else None,
        )
        if parser.should_upgrade() and self._is_for_websocket(request):
            return
        self._coming = request
        if self._current is None:
            self._begin(request)
        else:
            self._next.append(request)
            self._transport.pause_reading()

    def on_body(self, body: bytes) -> None:
        """Add a part of the body."""
        self._fruitless = 0
        if self._coming is not None:
            self._coming.take(body)

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._fruitless = 0
        if self._coming is not None:
            self._coming.end()
            self._coming = None
            if self._current is None:
                self._close_at = self._loop.time() + _IDLE_SECONDS

    def _let_go(self) -> None:
        self._server.connections.discard(self)
        # The parser refers back to this object: such a cycle would stay until the collector runs.
        del self._parser

    def _begin(self, request: Request) -> None:
        self._current = request
        self._close_at = math.inf
        self._server.start(self._respond(request))

    async def _respond(self, request: Request) -> None:
        response = await self._server.application.respond(request)
        if request.has_left:
            return
        try:
            await self._send(request, response)
        except BaseException:
            self.close()  # so that the client does not wait, or take a part for the whole
            raise
        self._finish(request)

    def _finish(self, request: Request) -> None:
        self._current = None
        request.drop()
        if not request.keep_alive:
            self.close()
        elif self._next:
            self._begin(self._next.popleft())
            if not self._next:
                self._transport.resume_reading()
        else:
            # A body that the application did not read is discarded, for a limited time.
            patience = _IDLE_SECONDS if request.complete else HEAD_SECONDS
            self._close_at = self._loop.time() + patience

    def _go_on(self) -> None:
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: int, said: bytes) -> None:
        """Refuse what cannot be parsed, after the current response, and close."""
        if self._current is not None:
            if self._coming is not None:
                self._coming.fail()
            self._current.keep_alive = False
            self._next.clear()
            self._transport.pause_reading()
            return
        response = Response(status, said, "text/plain; charset=utf-8")
        length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(said)
        self._transport.write(response.head() + self._server.date + length + said)
        self.close()

    def _is_for_websocket(self, request: Request) -> bool:
        wanted = request.path == self._server.application.websocket_path
        return wanted and is_handshake(request) and self._current is None

    def _upgrade(self, rest: bytes) -> None:
        if self._coming is not None or self._current is not None:
            return
        self._let_go()
        path, query = _target(self._url)
        socket = WebSocket(self._server, self._transport)
        self._transport.set_protocol(socket)
        socket.begin(Request("GET", path, query, self._headers), rest)


def _target(url: bytes) -> tuple[str, str]:
    """The path and the query of a request's target, which may be a whole URL (RFC 9112, 3.2.2)."""
    if not url.startswith(b"/"):
        parsed = httptools.parse_url(url)
        url = b"%b?%b" % (parsed.path or b"/", parsed.query or b"")
    path, _, query = url.decode("latin-1").partition("?")
    return path, query
