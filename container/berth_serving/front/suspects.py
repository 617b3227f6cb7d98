"""Requests that were in work when their worker ended: each of them may be the cause."""

import asyncio
from collections.abc import Sequence
from hashlib import blake2b

from .call import Call
from .process import WorkerProcess

_KNOWN_SECONDS = 300.0
_MOST_KNOWN = 1000


class Suspects:
    """Retries such requests one at a time, each alone in a worker; remembers the causes.

    Attributes:
        waiting: the calls to be retried, in order.
        cell: the worker that is reserved for retries and gets no other calls.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, Call] = {}
        self.cell: WorkerProcess | None = None
        self._loop = asyncio.get_running_loop()
        self._causes: dict[bytes, float] = {}  # digest: when it ended a worker, the latest last

    def add(self, call: Call) -> None:
        """Mark a call as a suspect and queue it for a retry."""
        call.suspect = True
        call.head["alone"] = True  # no other request, and no canary, is in its batch
        self.waiting[call.id] = call

    def convict(self, call: Call) -> None:
        """Remember what has ended a worker."""
        digest = _digest(call)
        self._causes.pop(digest, None)
        self._causes[digest] = self._loop.time()
        if len(self._causes) > _MOST_KNOWN:
            del self._causes[next(iter(self._causes))]

    def ended_a_worker(self, call: Call) -> bool:
        """Whether the same request has lately ended a worker."""
        while self._causes and self._is_old(next(iter(self._causes.values()))):
            del self._causes[next(iter(self._causes))]
        return bool(self._causes) and _digest(call) in self._causes

    def includes(self, call: Call, slow: Sequence[Call]) -> bool:
        """Whether a new call is the same as a suspect, or as one of the `slow`, which may hang."""
        tried = self.cell.calls.values() if self.cell is not None else ()
        suspects = (*slow, *self.waiting.values(), *(each for each in tried if each.suspect))
        return any(_is_same(each, call) for each in suspects)

    def _is_old(self, moment: float) -> bool:
        return self._loop.time() - moment > _KNOWN_SECONDS

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


def _is_same(one: Call, other: Call) -> bool:
    return one.body == other.body and _type(one) == _type(other)


def _type(call: Call) -> str:
    return str(call.head.get("content_type"))


def _digest(call: Call) -> bytes:
    # Of what the model computes from: ids and attributes are other ones each time.
    return blake2b(call.body, digest_size=16, key=_type(call).encode()[:64]).digest()
