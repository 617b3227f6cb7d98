"""Frames between the front and a worker: a head (JSON) and a body (raw bytes) on a socket pair."""

import asyncio
import json
import socket
import struct
from threading import Lock
from typing import Any

Head = dict[str, Any]
_SIZES = struct.Struct("!IQ")  # of head and body, in bytes


def pack(head: Head, body: bytes = b"") -> bytes:
    """One frame, whole: for bodies of some size a copy is cheaper than a second system call."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((_SIZES.pack(len(text), len(body)), text, body))


async def receive(reader: asyncio.StreamReader) -> tuple[Head, bytes]:
    """Read the next frame.

    Raises:
        asyncio.IncompleteReadError, OSError: when the other side is gone.
    """
    head_size, body_size = _SIZES.unpack(await reader.readexactly(_SIZES.size))
    head = json.loads(await reader.readexactly(head_size))
    return head, await reader.readexactly(body_size) if body_size else b""


class Channel:
    """The worker's end: blocking, and several threads may send."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        self._socket = connection
        self._file = connection.makefile("rb")
        self._sending = Lock()

    def send(self, head: Head, body: bytes = b"") -> None:
        """Send a frame.

        Raises:
            OSError: when the front is gone.
        """
        frame = pack(head, body)
        with self._sending:
            self._socket.sendall(frame)

    def receive(self) -> tuple[Head, bytes] | None:
        """Read the next frame; None when the front is gone."""
        try:
            if len(sizes := self._file.read(_SIZES.size)) < _SIZES.size:
                return None
            head_size, body_size = _SIZES.unpack(sizes)
            text, body = self._file.read(head_size), self._file.read(body_size)
        except OSError:
            return None
        return (json.loads(text), body) if len(body) == body_size else None
