"""Requests that were in work when their worker ended: any of them may be what ended it."""

from collections.abc import Sequence

from .call import Call
from .process import WorkerProcess


class Suspects:
    """They wait here to be tried again, one at a time, each alone in a worker.

    Attributes:
        waiting: those that wait, in the order in which they became suspects.
        cell: the worker that gets no other calls, as it tries one or is to be empty for the next.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, Call] = {}
        self.cell: WorkerProcess | None = None

    @property
    def tokens(self) -> float:
        """What those that wait cost together."""
        return sum(call.tokens for call in self.waiting.values())

    def add(self, call: Call) -> None:
        """Have a call wait to be tried again."""
        call.suspect = True
        call.head["alone"] = True  # not even the canary shares its batch
        self.waiting[call.id] = call

    def try_next(self, spare: Sequence[WorkerProcess]) -> None:
        """Send the next as soon as the one before is over and a worker is empty.

        Args:
            spare: the workers of which one may be lost at this moment.
        """
        if self.cell is not None and self.cell.tries_suspect:
            return
        if not self.waiting or not spare:
            self.cell = None
            return
        if self.cell is None or self.cell not in spare:
            # The youngest of those with as little to do: the fewest sessions would end with it.
            self.cell = min(reversed(spare), key=lambda worker: worker.tokens)
        if self.cell.is_empty:
            self.cell.send(self.waiting.pop(next(iter(self.waiting))))

    def has_ended(self, worker: WorkerProcess) -> None:
        """Take note that a worker is gone."""
        if worker is self.cell:
            self.cell = None
