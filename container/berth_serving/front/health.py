"""Whether a worker works: its answers prove it, and its own example where it has none to give."""

import asyncio

_SILENT_SECONDS = 3.0  # six missed heartbeats
_IDLE_SECONDS = 5.0
_SHARE = 20  # the example takes at most one part of so many of the time
_AGAIN_SECONDS = 1.0  # after an answer that raises a doubt


class Health:
    """What a worker's answers say about it.

    Attributes:
        heard_at: when it last sent anything.
        proved: whether it has ever proved itself.
        canary: whether the example is under way.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.heard_at = 0.0
        self.proved = False
        self.canary = False
        self._proved_at = 0.0
        self._waits_since: float | None = None  # for an answer
        self._asked_at = self._took = 0.0  # of the example
        self._doubted = self._failed = False  # by a request's answer, and by the example's

    def ask(self, *, canary: bool = False) -> None:
        """Note that it was sent a request, or the example."""
        now = self._loop.time()
        if canary:
            self.canary, self._asked_at = True, now
        if self._waits_since is None:
            self._waits_since = now

    def prove(self, *, waits: bool) -> None:
        """Note an answer that a working model alone gives; `waits`: for another one."""
        now = self._loop.time()
        self.proved, self._proved_at = True, now
        self._doubted = self._failed = False
        self._waits_since = now if waits or self.canary else None

    def settle(self, *, waits: bool, doubted: bool = False) -> None:
        """Note an answer that does not prove the model, or that a request was cancelled.

        If it is `doubted`, as it has failed, its example will show whether it always fails.
        """
        self._doubted |= doubted
        if not self._failed:
            self._waits_since = self._loop.time() if waits or self.canary else None

    def take_canary(self, *, succeeded: bool, waits: bool) -> None:
        """Note the answer to the example."""
        self.canary = False
        self._took = self._loop.time() - self._asked_at
        self._failed = not succeeded
        if succeeded:
            self.prove(waits=waits)

    @property
    def canary_is_due(self) -> bool:
        """Whether it is time to send the example: nothing has proved that it works for a while."""
        now = self._loop.time()
        doubted = self._doubted or self._failed
        since, pause = (
            (self._asked_at, _AGAIN_SECONDS) if doubted else (self._proved_at, _IDLE_SECONDS)
        )
        rests = now - self._asked_at > _SHARE * self._took
        return not self.canary and rests and now - since > pause

    def is_silent(self, seconds: float = _SILENT_SECONDS) -> bool:
        """Whether nothing was heard from it for so long."""
        return self._loop.time() - self.heard_at > seconds

    def waits(self, seconds: float) -> bool:
        """Whether an answer has been waited for so long."""
        since = self._waits_since
        return since is not None and self._loop.time() - since > seconds
