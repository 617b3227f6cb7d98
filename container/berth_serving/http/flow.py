"""Flow control: the server writes no faster than the client reads."""

import asyncio
from typing import cast

# As long as SageMaker waits for a response.
UNREAD_SECONDS = 60.0


class Flow(asyncio.Protocol):
    """A protocol whose writers can wait until the client has read."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._read: asyncio.Future[None] | None = None  # while too much is unread
        self._unread = 0  # bytes
        self._unread_since = 0.0

    def check(self, now: float) -> None:
        """Close the connection if the client has long read nothing of what was written."""
        unread = self._transport.get_write_buffer_size()
        if not unread or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since > UNREAD_SECONDS:
            self.abort()

    def shut_down(self) -> None:
        """Close the connection because the server ends."""

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """Make writers wait: the client has too much to read."""
        self._read = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let writers go on: the client has read enough, or has left."""
        if self._read is not None and not self._read.done():
            self._read.set_result(None)
        self._read = None

    async def drained(self) -> None:
        """Wait until the client has read enough."""
        if self._read is not None:
            await self._read
