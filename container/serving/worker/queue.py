"""What waits for the model, in an order in which large requests do not hold up small ones."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Condition
from typing import Any

from ..servable import Job, Request


@dataclass(eq=False, slots=True)
class Task:
    """A request on its way through the worker."""

    id: int
    request: Request
    log: dict[str, str] = field(default_factory=dict)
    """What every line logged on its behalf carries."""
    alone: bool = False
    """Whether it must not share a batch: it may be what killed a worker before."""
    job: Job = field(default_factory=lambda: Job((), ()))
    results: list[Any] = field(default_factory=list)
    left: int = 0
    """How many of its items have no result yet."""
    stream: Iterator[bytes] | None = None
    """Its answer's further chunks, where it is one that streams."""
    over: bool = False
    """Whether it has been answered, or nobody waits for it any more."""


Entry = tuple[Task, int]
"""A task, and which of its items."""

_WHOLE = -1
_FIRST = 512  # tokens of each task that go in the order in which tasks came


class FairQueue:
    """Items of tasks, in the order of fair queuing (Demers, Keshav and Shenker 1989).

    Every item has the time at which it would be done were all waiting tasks computed side by
    side, each getting an equal share; the earliest go first. So a request of one text passes one
    of ten thousand, and that one still goes on however many small ones come.

    A task's first tokens, as many as the longest text has, count as if they cost nothing: texts
    go in the order in which they came. Side by side, a text five times as long as the others
    would wait five times as long as they do, and under load that is the slowest of a hundred.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, Task, int]] = []
        self._number = count()
        self._now = 0.0
        self._waiting: dict[Task, int] = {}  # how many entries of each
        self._changed = Condition()
        self._closed = False

    def add(self, task: Task, costs: list[int], *, whole: bool) -> None:
        """Add a task's items of these costs in tokens; as one that shares no batch, if whole."""
        costs = [sum(costs)] if whole else costs
        with self._changed:
            spent = 0
            for index, cost in enumerate(costs):
                spent += cost
                time = self._now + max(0, spent - _FIRST)
                entry = (time, next(self._number), cost, task, _WHOLE if whole else index)
                heapq.heappush(self._heap, entry)
            self._waiting[task] = len(costs)
            self._changed.notify()

    def close(self) -> None:
        """Let `take` return nothing when all is taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._heap

    @property
    def over(self) -> bool:
        """Whether it is closed, and all is taken."""
        with self._changed:
            return self._closed and not self._heap

    def take(self, budget: int, *, wait: bool = True) -> list[Entry]:
        """Take the first items that fit into the budget, at least one; wait for it, if told to.

        They come sorted by cost, so that those of like length are together; or they are all
        those of one task that shares no batch, whatever they cost. Nothing where there is
        nothing, and none is waited for or it is closed.
        """
        with self._changed:
            while True:
                if (taken := self._first(budget)) or self._closed or not wait:
                    return taken
                self._changed.wait()

    def _first(self, budget: int) -> list[Entry]:
        taken: list[tuple[int, Task, int]] = []
        while self._heap:
            _, _, cost, task, index = self._heap[0]
            if taken and not task.over and (index == _WHOLE or cost > budget):
                break
            heapq.heappop(self._heap)
            self._leave(task, cost)
            if task.over:
                continue
            if index == _WHOLE:
                return [(task, each) for each in range(max(1, len(task.job.items)))]
            taken.append((cost, task, index))
            budget -= cost
        return [(task, index) for _, task, index in sorted(taken, key=_cost)]

    def _leave(self, task: Task, cost: int) -> None:
        self._now += cost / len(self._waiting)
        self._waiting[task] -= 1
        if not self._waiting[task]:
            del self._waiting[task]


def _cost(entry: tuple[int, Task, int]) -> int:
    return entry[0]
