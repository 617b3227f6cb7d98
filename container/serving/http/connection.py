"""One client's connection: requests in, responses out, one after another (RFC 9112)."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, cast

import httptools

from . import websocket
from .flow import Flow
from .messages import Request, Response
from .websocket import WebSocket, is_handshake

_log = logging.getLogger("serving.http")

HEAD_SECONDS = 10.0
# Longer than clients keep idle connections, so that it is never the server that hangs up on one
# just as the next request comes.
_IDLE_SECONDS = 75.0
# Of a head, of what follows a body in chunks, and of what may stand between two of these.
_MOST_FRUITLESS_BYTES = 65_536


class Connection(Flow):
    """Reads requests, has the server's application answer them, and writes its responses.

    It closes when a request's head takes too long to come, so that a client who sends a byte now
    and then does not hold it for ever. Requests that a client sends before it has the response to
    the last are answered in their order.

    Args:
        server: what it belongs to.
    """

    def __init__(self, server: "Server") -> None:
        super().__init__()
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._in_head = False
        self._fruitless = 0  # bytes since the last that a head, a body or its end was made of
        self._coming: Request | None = None  # whose body is being read
        self._current: Request | None = None  # that is being answered
        self._next: deque[Request] = deque()
        self._close_at = math.inf

    @property
    def busy(self) -> bool:
        """Whether it has a request that is not answered."""
        return self._current is not None

    def check(self, now: float) -> None:
        """Close, if what it waits for should have come or been read."""
        super().check(now)
        if now > self._close_at:
            self.close()

    def close(self) -> None:
        """Close when what was written is sent."""
        self._transport.close()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the first head its time."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._close_at = self._loop.time() + HEAD_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Cancel the work for the client that has left."""
        self._let_go()
        self.resume_writing()
        self._next.clear()
        for request in {self._coming, self._current} - {None}:
            cast("Request", request).leave()

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
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

    # httptools calls these.

    def on_message_begin(self) -> None:
        """A head begins."""
        self._url = b""
        self._headers = {}
        self._in_head = True
        if self._current is None:
            self._close_at = self._loop.time() + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        """A part of the request's target has come."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come; one behind the body says nothing of what is known by then."""
        if not self._in_head:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        """The head has come: answer it, or keep it until those before are answered."""
        self._in_head = False
        self._fruitless = 0
        parser = self._parser
        path, query = _target(self._url)
        waits = self._headers.get("expect", "").lower() == "100-continue"
        # What follows an upgrade that is not done is not HTTP that could be read.
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
        """A part of the body has come."""
        self._fruitless = 0
        if self._coming is not None:
            self._coming.take(body)

    def on_message_complete(self) -> None:
        """All of the request has come."""
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
        self._server.start(self._answer(request))

    async def _answer(self, request: Request) -> None:
        response = await self._server.application.respond(request)
        if request.has_left:
            return
        try:
            await self._send(request, response)
        except BaseException:
            self.close()  # so that no client waits for what does not come, or takes a part for all
            raise
        self._finish(request)

    async def _send(self, request: Request, response: Response) -> None:
        try:
            first = response.head()
        except ValueError as error:
            _log.error("the response cannot be sent: %s", error)
            response = self._server.application.fault()
            first = response.head()
        if response.chunks is None:
            length = b"content-length: %d\r\n" % len(response.body)
            body = b"" if request.method == "HEAD" else response.body
            self._transport.write(self._head(request, first, length) + body)
        else:
            await self._stream(request, first, response.chunks)

    async def _stream(self, request: Request, first: bytes, chunks: AsyncGenerator[bytes]) -> None:
        """Send chunks as they come."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker alone
        coded = request.version == "1.1"
        coding = b"transfer-encoding: chunked\r\n" if coded else b""
        self._transport.write(self._head(request, first, coding))
        with request.leaving(task.cancel):
            async with aclosing(chunks):
                async for chunk in chunks:
                    if chunk:  # an empty one would be the end
                        self._transport.write(_chunk(chunk) if coded else chunk)
                    await self.drained()
        if coded:
            self._transport.write(b"0\r\n\r\n")

    def _head(self, request: Request, first: bytes, length: bytes) -> bytes:
        if self._server.draining:
            request.keep_alive = False
        closing = b"\r\n" if request.keep_alive else b"connection: close\r\n\r\n"
        return b"%b%b%b%b" % (first, self._server.date, length, closing)

    def _finish(self, request: Request) -> None:
        """Go on with the next request."""
        self._current = None
        request.drop()
        if not request.keep_alive:
            self.close()
        elif self._next:
            self._begin(self._next.popleft())
            if not self._next:
                self._transport.resume_reading()
        else:
            # A body that nobody has waited for is read and dropped, but not for ever.
            patience = _IDLE_SECONDS if request.complete else HEAD_SECONDS
            self._close_at = self._loop.time() + patience

    def _go_on(self) -> None:
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: int, said: bytes) -> None:
        """Answer what cannot be read, if nothing is being answered, and close."""
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
        """Become a WebSocket, where that was asked for."""
        if self._coming is not None or self._current is not None:
            return
        self._let_go()
        path, query = _target(self._url)
        socket = WebSocket(self._server, self._transport)
        self._transport.set_protocol(socket)
        socket.begin(Request("GET", path, query, self._headers), rest)


class Server(websocket.Server, Protocol):
    """What a connection needs of the server that it belongs to."""

    connections: set[Connection]
    draining: bool
    date: bytes


def _target(url: bytes) -> tuple[str, str]:
    """The path and the query of a request's target, which may be a whole URL (RFC 9112, 3.2.2)."""
    if not url.startswith(b"/"):
        parsed = httptools.parse_url(url)
        url = b"%b?%b" % (parsed.path or b"/", parsed.query or b"")
    path, _, query = url.decode("latin-1").partition("?")
    return path, query


def _chunk(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)
