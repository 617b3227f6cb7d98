"""A client's connection: requests are read and responses sent, one after another (RFC 9112)."""

import asyncio
import math
import socket
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
_TCP_CLOSE = 7  # tcp_states.h of Linux
# The limit of a head, of a chunked body's trailer, and of the bytes between two parts of these.
_MOST_FRUITLESS_BYTES = 65_536


class _Refused(Exception):  # noqa: N818 - what a callback of the parser ends it by
    def __init__(self, status: int, said: bytes) -> None:
        super().__init__(status, said)
        self.status, self.said = status, said


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
        self._head_bytes = 0
        self._has_ended = False  # the client sends nothing more
        self._is_sending = False
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
        elif self._has_ended and self._is_reset():
            self.abort()  # nothing is read any more that would tell

    def _is_reset(self) -> bool:
        sock = self._transport.get_extra_info("socket")
        state: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state == _TCP_CLOSE

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
        except httptools.HttpParserError as error:
            refused = error.__context__
            if not isinstance(refused, _Refused):
                refused = _Refused(400, b"this is not HTTP/1.1")
            self._refuse(refused.status, refused.said)
        else:
            if self._fruitless > _MOST_FRUITLESS_BYTES:
                self._refuse(431, b"the head is too long")

    def eof_received(self) -> bool:
        """Answer a client that sends nothing more, and close then (RFC 9112, 9.6).

        To one that has left altogether the interim response, which every client of HTTP/1.1 has to
        pass over (RFC 9110, 15.2), is what its system resets the connection for: see `check`.
        """
        self._has_ended = True
        if self._coming is not None:
            self._coming.leave()  # of its body nothing more will come
        if self._current is None or self._current.has_left:
            return False
        if self._current.version == "1.1" and not self._is_sending:
            self._go_on()
        return True

    def on_message_begin(self) -> None:
        """Begin a head; this and the following are called by httptools."""
        self._url = b""
        self._headers = {}
        self._in_head, self._head_bytes = True, 0
        if self._current is None:
            self._close_at = self._loop.time() + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        """Add a part of the request's target."""
        self._url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers of a body are counted alone."""
        self._head_bytes += len(name) + len(value) + 4  # ": ", and the line's end
        if not self._in_head:
            if self._head_bytes > _MOST_FRUITLESS_BYTES:
                raise _Refused(431, b"the trailer is too long")
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        """Begin to respond to the request, or queue it behind the current one."""
        self._in_head = False
        self._fruitless = 0
        parser = self._parser
        self._check_head()
        self._head_bytes = 0
        if parser.should_upgrade() and not self._is_for_websocket():
            return  # it is parsed once more, without that
        path, query = _target(self._url)
        waits = self._headers.get("expect", "").lower() == "100-continue"
        keep = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        request = Request(
            parser.get_method().decode(),
            path,
            query,
            self._headers,
            version=parser.get_http_version(),
            limit=self._server.max_body_bytes,
            keep_alive=keep,
            go_on=self._go_on if waits else None,
        )
        if parser.should_upgrade():
            return
        self._coming = request
        if self._current is None:
            self._begin(request)
        else:
            self._next.append(request)
            self._transport.pause_reading()

    def _check_head(self) -> None:
        """Raise _Refused for a head that RFC 9112 has a server refuse."""
        version, host = self._parser.get_http_version(), self._headers.get("host")
        if self._head_bytes > _MOST_FRUITLESS_BYTES:
            raise _Refused(431, b"the head is too long")
        if version not in {"1.0", "1.1"}:
            raise _Refused(505, b"this server has HTTP/1.1 and HTTP/1.0 alone")
        # 3.2: one, and no more; a comma is in none.
        if (host is None and version == "1.1") or "," in (host or ""):
            raise _Refused(400, b"a request has one Host header")
        if self._parser.get_method() == b"CONNECT":
            raise _Refused(501, b"this server is no proxy")

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
        self._is_sending = True
        try:
            await self._send(request, response)
        except BaseException:
            self.close()  # so that the client does not wait, or take a part for the whole
            raise
        self._finish(request)

    def _finish(self, request: Request) -> None:
        self._current, self._is_sending = None, False
        request.drop()
        if not request.keep_alive or (self._has_ended and not self._next):
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

    def _is_for_websocket(self) -> bool:
        wanted = _target(self._url)[0] == self._server.application.websocket_path
        method = self._parser.get_method().decode()
        return wanted and is_handshake(method, self._headers) and self._current is None

    def _upgrade(self, rest: bytes) -> None:
        if not self._is_for_websocket():
            self._without_upgrade(rest)
            return
        self._let_go()
        path, query = _target(self._url)
        socket = WebSocket(self._server, self._transport)
        self._transport.set_protocol(socket)
        socket.begin(Request("GET", path, query, self._headers), rest)

    def _without_upgrade(self, rest: bytes) -> None:
        """Parse a request again, without the upgrade that it offers and that is not made.

        A server may ignore one (RFC 9110, 7.8), and Java's client offers h2c with whatever it
        sends; the parser would take the body for the other protocol.
        """
        offered = {"upgrade", "connection", "http2-settings"}
        head = [b"%b %b HTTP/1.1" % (self._parser.get_method(), self._url)]
        head += [
            f"{name}: {value}".encode("latin-1")
            for name, value in self._headers.items()
            if name not in offered
        ]
        if "close" in self._headers.get("connection", "").lower():
            head.append(b"connection: close")
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*head, b"", b""]) + rest)


def _target(url: bytes) -> tuple[str, str]:
    """The path and the query of a request's target, which may be a whole URL (RFC 9112, 3.2.2)."""
    if not url.startswith(b"/"):
        parsed = httptools.parse_url(url)
        url = b"%b?%b" % (parsed.path or b"/", parsed.query or b"")
    path, _, query = url.decode("latin-1").partition("?")
    return path, query
