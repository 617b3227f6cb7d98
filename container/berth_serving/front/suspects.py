"""Requests that were in work when their worker ended: each of them may be the cause."""

from collections.abc import Sequence

from .call import Call
from .process import WorkerProcess


class Suspects:
    """Retries such requests one at a time, each alone in a worker.

    Attributes:
        waiting: the calls to be retried, in order.
        cell: the worker that is reserved for retries and gets no other calls.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, Call] = {}
        self.cell: WorkerProcess | None = None

    @property
    def tokens(self) -> float:
        """The cost of all waiting calls, in tokens."""
        return sum(call.tokens for call in self.waiting.values())

    def add(self, call: Call) -> None:
        """Mark a call as a suspect and queue it for a retry."""
        call.suspect = True
        call.head["alone"] = True  # no other request, and no canary, is in its batch
        self.waiting[call.id] = call

    def try_next(self, spare: Sequence[WorkerProcess]) -> None:
        """Send the next suspect, if the one before is done and a worker is idle.

        One of the `spare` workers may end without harm to the service.
        """
        if self.cell is not None and self.cell.tries_suspect:
            return
        if not self.waiting or not spare:
            self.cell = None
            return
        if self.cell is None or self.cell not in spare:
            # The youngest of the least busy workers: it has the fewest sessions.
            self.cell = min(reversed(spare), key=lambda worker: worker.tokens)
        if self.cell.is_empty:
            self.cell.send(self.waiting.pop(next(iter(self.waiting))))

    def has_ended(self, worker: WorkerProcess) -> None:
        """Release the reserved worker, if it is the one that has ended."""
        if worker is self.cell:
            self.cell = None
