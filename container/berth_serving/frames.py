"""Frames between the front and a worker: a head (JSON) and a body (bytes) on a socket pair."""

import asyncio
import json
import os
import select
import socket
import struct
import weakref
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, cast

import orjson

Head = dict[str, Any]
_SIZES = struct.Struct("!IQ")  # of head and body, in bytes
_PIECE = 2**18  # bytes that are read at once


def pack(head: Head, body: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """Return the parts of one frame: sizes, head and body."""
    try:
        text = orjson.dumps(head)
    except TypeError:  # a lone surrogate, which a model's error may contain
        text = json.dumps(head).encode()
    return _SIZES.pack(len(text), len(body)), text, body


def _head(text: bytes | bytearray) -> Head:
    try:
        head: Head = orjson.loads(text)
    except orjson.JSONDecodeError:
        head = json.loads(text)
    return head


class _Frames:
    """Joins the pieces that a socket delivers to frames."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Head, bytes]]:
        """Add a piece; yield the frames that are complete."""
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _SIZES.size:
            head_size, body_size = _SIZES.unpack_from(received, start)
            body_start = start + _SIZES.size + head_size
            end = body_start + body_size
            if len(received) < end:
                break
            yield _head(received[start + _SIZES.size : body_start]), bytes(received[body_start:end])
            start = end
        del received[:start]


class Link(asyncio.Protocol):
    """The front's end: `on_frame` is called with each frame, and `on_end` at the end.

    The frames of one turn of the event loop are sent together, as a system call for each would be
    much of a request's cost.
    """

    def __init__(self, on_frame: Callable[[Head, bytes], None], on_end: Callable[[], None]) -> None:
        self._on_frame, self._on_end = on_frame, on_end
        self._frames = _Frames()
        self._unsent: list[bytes] = []
        self._transport: asyncio.WriteTransport | None = None
        self._loop = asyncio.get_running_loop()

    def send(self, head: Head, body: bytes = b"") -> None:
        """Send a frame; it is dropped if the worker has ended."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += pack(head, body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the frames that wait for the connection."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Pass on complete frames."""
        for head, body in self._frames.feed(data):
            self._on_frame(head, body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Call `on_end`."""
        self._on_end()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._transport is None:
            return
        unsent, self._unsent = self._unsent, []
        if unsent and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))


class Channel:
    """The worker's end: one thread receives, and several may send."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        self._socket = connection
        self._frames = _Frames()
        self._waker = os.eventfd(0)
        weakref.finalize(self, os.close, self._waker)
        self._events = select.poll()
        self._events.register(connection, select.POLLIN)
        self._events.register(self._waker, select.POLLIN)
        self._sending = Lock()
        self._unsent: list[bytes] = []

    def post(self, head: Head, body: bytes = b"") -> None:
        """Queue a frame; the next `send` or `flush` sends it."""
        with self._sending:
            self._unsent += pack(head, body)

    def send(self, head: Head, body: bytes = b"") -> None:
        """Send a frame and those that were posted before; OSError if the front has ended."""
        self.post(head, body)
        self.flush()

    def flush(self) -> None:
        """Send the frames that were posted; OSError if the front has ended."""
        with self._sending:
            unsent, self._unsent = self._unsent, []
            if unsent:
                self._socket.sendall(b"".join(unsent))

    def receive(self, *, wait: bool = True) -> list[tuple[Head, bytes]]:
        """Return complete frames; with `wait`, wait for data or a call of `wake`.

        Raises:
            ConnectionError: when the front has ended.
        """
        for descriptor, _ in self._events.poll(None if wait else 0):
            if descriptor == self._waker:
                os.eventfd_read(self._waker)
            elif data := self._socket.recv(_PIECE):
                return list(self._frames.feed(data))
            else:
                raise ConnectionError("the front has ended")
        return []

    def wake(self) -> None:
        """Make a `receive` that waits, or the next one, return."""
        os.eventfd_write(self._waker, 1)
