"""HTTP requests and responses."""

import asyncio
import contextlib
import math
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import responses

from ..errors import RequestError
from ..pythons import timeout_at

_CONTROL = re.compile("[\0-\x08\n-\x1f\x7f]")


class ClientLeft(Exception):  # noqa: N818 - a condition
    """The client closed the connection before its response was sent."""


@dataclass(slots=True, eq=False)
class Request:
    """A request: its head, and its body while it arrives.

    Attributes:
        path: the path as it was sent, still percent-encoded.
        query: the part after the question mark.
        headers: the names are in lower case; a repeated header has its values joined by commas.
        version: the version of HTTP.
        limit: how many bytes of the body are kept; of a longer body, none are.
        keep_alive: whether the connection may have another request after this one.
        go_on: called when the body is wanted from a client that waits for `100 Continue`.
        complete: whether the whole body has arrived.
        has_left: whether the client has closed the connection.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    version: str = "1.1"
    limit: int = 0
    keep_alive: bool = False
    go_on: Callable[[], None] | None = None
    complete: bool = field(default=False, init=False)
    has_left: bool = field(default=False, init=False)
    _parts: list[bytes] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)
    _broken: bool = field(default=False, init=False)
    _leaving: Callable[[], object] | None = field(default=None, init=False)
    _arrived: asyncio.Future[None] | None = field(default=None, init=False)

    @property
    def declared(self) -> int:
        """The length of the body in Content-Length; 0 if there is none."""
        length = self.headers.get("content-length", "")
        return int(length) if length.isdecimal() else 0

    async def body(self, *, limit: int, seconds: float, deadline: float = math.inf) -> bytes:
        """Wait for a body of at most `limit` bytes, of which a part must arrive every `seconds`.

        Raises:
            RequestError: 413 as soon as the body is known to be longer; 408 when a part, or the
                whole by the deadline, does not arrive; 400 when its chunks are malformed; 415 or
                501 for codings that this server does not have.
            ClientLeft: when the client leaves.
        """
        self._check_codings()
        self.limit = min(limit, self.limit)
        self._check_size(self.declared)
        if self.go_on is not None and not self.complete:
            self.go_on()
        while not self.complete:
            self._check_size(self._size)
            if self.has_left:
                raise ClientLeft
            if self._broken:
                raise RequestError(400, "malformed", "the body's chunks are malformed")
            loop = asyncio.get_running_loop()
            self._arrived = loop.create_future()
            until = loop.time() + seconds
            try:
                async with timeout_at(min(until, deadline)):
                    await self._arrived
            except TimeoutError:
                said = f"no part of the body arrived for {seconds:g} s"
                if deadline < until:
                    said = "the body had not arrived by the deadline"
                raise RequestError(408, "too_slow", said) from None
        self._check_size(self._size)
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    @contextlib.contextmanager
    def leaving(self, call: Callable[[], object]) -> Iterator[None]:
        """Call `call` if the client closes the connection in this block, or has before."""
        self._leaving = call
        if self.has_left:
            call()
        try:
            yield
        finally:
            self._leaving = None

    def take(self, part: bytes) -> None:
        """Add a part of the body."""
        self._size += len(part)
        if self._size <= self.limit:
            self._parts.append(part)
        else:
            self._parts.clear()
        self._wake()

    def end(self) -> None:
        """Note that the body is complete."""
        self.complete = True
        self._wake()

    def fail(self) -> None:
        """Note that the rest of the body cannot be read."""
        self._broken = True
        self._wake()

    def drop(self) -> None:
        """Discard the body, and what is still to arrive: the response is sent."""
        self.limit = 0
        self._parts.clear()

    def leave(self) -> None:
        """Note that the client has closed the connection."""
        self.has_left = True
        self._wake()
        if self._leaving is not None:
            self._leaving()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _check_codings(self) -> None:
        """Refuse a coded body, which would be read as another (RFC 9110 15.5.16, RFC 9112 6.1)."""
        content = self.headers.get("content-encoding", "identity").strip().lower()
        if content not in {"", "identity"}:
            raise RequestError(
                415, "unsupported_encoding", f"Content-Encoding: {content[:50]}: send it as it is"
            )
        transfer = self.headers.get("transfer-encoding", "chunked").strip().lower()
        if transfer != "chunked":
            raise RequestError(
                501, "unsupported_encoding", f"Transfer-Encoding: {transfer[:50]}: chunked alone"
            )

    def _check_size(self, size: int) -> None:
        if size > self.limit:
            raise RequestError(413, "too_large", f"the body is longer than {self.limit} bytes")


@dataclass(slots=True)
class Response:
    """A response: whole in `body`, or in chunks."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: AsyncGenerator[bytes] | None = None

    def head(self) -> bytes:
        """The status line and the headers that do not depend on the connection.

        Raises:
            ValueError: when a value that a model has set is not allowed in a header.
        """
        first = _first(self.status, self.content_type)
        if not self.headers:
            return first
        lines = [f"{name}: {_checked(value)}\r\n" for name, value in self.headers.items()]
        return first + "".join(lines).encode("latin-1")


@lru_cache(maxsize=256)
def _first(status: int, content_type: str | None) -> bytes:
    line = f"HTTP/1.1 {status} {responses.get(status, '')}\r\n"
    if content_type is not None:
        line += f"content-type: {_checked(content_type)}\r\n"
    return line.encode("latin-1")


def _checked(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError(f"{value[:100]!r} cannot be in a header")
    return value
