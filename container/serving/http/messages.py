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

_CONTROL = re.compile("[\0-\x08\n-\x1f\x7f]")


class ClientLeft(Exception):  # noqa: N818 - it is nobody's error
    """The client has hung up before its request was answered."""


class Request:
    """A request: its head, and its body while it comes.

    Args:
        method: in upper case.
        path: as it came, still percent-encoded.
        query: what follows the question mark.
        headers: their names in lower case; one that came twice has both values, with a comma.
        version: of HTTP.
        limit: bytes of the body that are kept; of a longer one nothing is.
        keep_alive: whether the connection may have another request after this one.
        go_on: called when the body is wanted of a client that waits to be told so.
    """

    __slots__ = (
        "_arrived",
        "_broken",
        "_complete",
        "_go_on",
        "_leaving",
        "_left",
        "_limit",
        "_parts",
        "_size",
        "headers",
        "keep_alive",
        "method",
        "path",
        "query",
        "version",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        *,
        version: str = "1.1",
        limit: int = 0,
        keep_alive: bool = False,
        go_on: Callable[[], None] | None = None,
    ) -> None:
        self.method, self.path, self.query, self.headers = method, path, query, headers
        self.version = version
        self.keep_alive = keep_alive
        self._limit = limit
        self._go_on = go_on
        self._parts: list[bytes] = []
        self._size = 0
        self._complete = False
        self._broken = False
        self._left = False
        self._leaving: Callable[[], object] | None = None
        self._arrived: asyncio.Future[None] | None = None

    @property
    def declared(self) -> int:
        """The body's length as the client has declared it; 0 where it has not."""
        length = self.headers.get("content-length", "")
        return int(length) if length.isdecimal() else 0

    @property
    def complete(self) -> bool:
        """Whether all of it has come."""
        return self._complete

    async def body(self, *, limit: int, seconds: float, deadline: float = math.inf) -> bytes:
        """Wait for a body of at most `limit` bytes, of which some must come in every `seconds`.

        Args:
            limit: in bytes.
            seconds: in which nothing may come.
            deadline: in the event loop's time, when all of it must have come.

        Raises:
            RequestError: 413 as soon as it is known to be longer; 408 when nothing comes, or not
                all; 400 when it breaks off its own coding.
            ClientLeft: when the client leaves.
        """
        self._limit = min(limit, self._limit)
        self._check_size(self.declared)
        if self._go_on is not None and not self._complete:
            self._go_on()
        while not self._complete:
            self._check_size(self._size)
            if self._left:
                raise ClientLeft
            if self._broken:
                raise RequestError(400, "malformed", "the body's chunks are not HTTP's")
            loop = asyncio.get_running_loop()
            self._arrived = loop.create_future()
            until = loop.time() + seconds
            try:
                async with asyncio.timeout_at(min(until, deadline)):
                    await self._arrived
            except TimeoutError:
                said = f"nothing of the body came for {seconds:g} s"
                if deadline < until:
                    said = "the body had not come when it was to be answered"
                raise RequestError(408, "too_slow", said) from None
        self._check_size(self._size)
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    @contextlib.contextmanager
    def leaving(self, call: Callable[[], object]) -> Iterator[None]:
        """Have `call` called when the client hangs up within the block, or has before it."""
        self._leaving = call
        if self._left:
            call()
        try:
            yield
        finally:
            self._leaving = None

    @property
    def has_left(self) -> bool:
        """Whether the client has hung up."""
        return self._left

    def take(self, part: bytes) -> None:
        """A part of the body has come."""
        self._size += len(part)
        if self._size <= self._limit:
            self._parts.append(part)
        else:
            self._parts.clear()
        self._wake()

    def end(self) -> None:
        """The body is complete."""
        self._complete = True
        self._wake()

    def fail(self) -> None:
        """What follows cannot be read."""
        self._broken = True
        self._wake()

    def drop(self) -> None:
        """Keep nothing of the body that is still to come: the request is answered."""
        self._limit = 0
        self._parts.clear()

    def leave(self) -> None:
        """The client has hung up."""
        self._left = True
        self._wake()
        if self._leaving is not None:
            self._leaving()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise RequestError(413, "too_large", f"the body is longer than {self._limit} bytes")


@dataclass(slots=True)
class Response:
    """A response, whole in `body`, or in chunks."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: AsyncGenerator[bytes] | None = None

    def head(self) -> bytes:
        """Its status line, and what of its headers does not depend on the connection.

        Raises:
            ValueError: when a header's value is none; a model may have made it.
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
