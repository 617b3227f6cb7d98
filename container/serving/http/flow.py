"""Writing no faster than a client reads."""

import asyncio


class Flow(asyncio.Protocol):
    """A protocol of which a writer can wait until the client has read."""

    def __init__(self) -> None:
        self._read: asyncio.Future[None] | None = None  # while too much is unread

    def pause_writing(self) -> None:
        """Too much is unread."""
        self._read = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Enough is read, or the client is gone."""
        if self._read is not None and not self._read.done():
            self._read.set_result(None)
        self._read = None

    async def drained(self) -> None:
        """Wait while too much is unread."""
        if self._read is not None:
            await self._read
