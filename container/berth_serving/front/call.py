"""A request on its way from the front to a worker, and the worker's reply."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from ..errors import RequestError
from ..frames import Head


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's reply: whole in `body`, or in chunks."""

    body: bytes
    content_type: str
    chunks: AsyncGenerator[bytes] | None = None
    session_closed: bool = False


@dataclass(eq=False, slots=True)
class Call:
    """A request to a model.

    Args:
        id: identifies the call to front and worker.
        body: the request's body, which only the worker reads.
        head: the headers and log fields for the worker (see worker/core.py).
        tokens: the cost, which is an estimate until the worker has counted the tokens.
        deadline: the event loop's time by which the reply must be there.
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
    """The tokens that it takes of its worker's room."""
    opened: bool = False
    """Whether the worker has counted the tokens."""
    counted: float = 0.0
    """The tokens that it takes of the backlog."""
    _chunks: asyncio.Queue[bytes | RequestError | None] | None = None

    def take_reply(self, head: Head, body: bytes) -> None:
        """Set the reply: a whole one, or the beginning of one in chunks."""
        chunks = None
        if head.get("more"):
            self._chunks = asyncio.Queue()
            chunks = self._iterate(self._chunks)
        closed = head.get("session_closed", False)
        if not self.reply.done():
            self.reply.set_result(Reply(body, head["content_type"], chunks, closed))

    def continue_with(self, chunk: bytes | None) -> None:
        """Add a chunk to the reply; None ends it."""
        if self._chunks is not None:
            self._chunks.put_nowait(chunk)

    def fail(self, error: RequestError) -> None:
        """Fail the call with an error; a reply in chunks breaks off."""
        if self._chunks is not None:
            self._chunks.put_nowait(error)
        elif not self.reply.done():
            self.reply.set_exception(error)

    @property
    def streams(self) -> bool:
        """Whether a part of the reply has been sent to the client."""
        return self._chunks is not None

    async def _iterate(
        self, chunks: asyncio.Queue[bytes | RequestError | None]
    ) -> AsyncGenerator[bytes]:
        while (chunk := await chunks.get()) is not None:
            if isinstance(chunk, RequestError):
                raise chunk
            yield chunk
