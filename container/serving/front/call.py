"""A request on its way through the front, and what came of it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from ..errors import RequestError
from ..wire import Head


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's answer: whole in `body`, or in chunks."""

    body: bytes
    content_type: str
    chunks: AsyncGenerator[bytes] | None = None
    session_closed: bool = False


@dataclass(eq=False, slots=True)
class Call:
    """What is asked of a model.

    Args:
        id: its number between front and worker.
        body: as it came; no process but the worker looks into it.
        head: what else the worker is told (see worker/core.py).
        tokens: what it costs, estimated until the worker has counted.
        deadline: when it must be answered, in the event loop's time.
    """

    id: int
    body: bytes
    head: dict[str, Any]
    tokens: float
    deadline: float
    reply: asyncio.Future[Reply]
    suspect: bool = False
    """Whether it was in work when a worker ended."""
    held: float = 0.0
    """What its worker counts it for when it says whether it has room."""
    _chunks: asyncio.Queue[bytes | RequestError | None] | None = None

    def answer(self, head: Head, body: bytes) -> None:
        """Take a worker's answer, or the head of one in chunks."""
        chunks = None
        if head.get("more"):
            self._chunks = asyncio.Queue()
            chunks = self._iterate(self._chunks)
        closed = head.get("session_closed", False)
        if not self.reply.done():
            self.reply.set_result(Reply(body, head["content_type"], chunks, closed))

    def continue_with(self, chunk: bytes | None) -> None:
        """Take a chunk of the answer; None is its end."""
        if self._chunks is not None:
            self._chunks.put_nowait(chunk)

    def fail(self, error: RequestError) -> None:
        """Answer it with an error; where it streams already, end that."""
        if self._chunks is not None:
            self._chunks.put_nowait(error)
        elif not self.reply.done():
            self.reply.set_exception(error)

    @property
    def streams(self) -> bool:
        """Whether a part of its answer has been given."""
        return self._chunks is not None

    async def _iterate(
        self, chunks: asyncio.Queue[bytes | RequestError | None]
    ) -> AsyncGenerator[bytes]:
        while (chunk := await chunks.get()) is not None:
            if isinstance(chunk, RequestError):
                raise chunk
            yield chunk
