"""The queue for the model, in which large requests do not delay small ones."""

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
    """The fields of its log lines."""
    alone: bool = False
    """Whether it must not share a batch, as it may have ended a worker."""
    job: Job = field(default_factory=lambda: Job((), ()))
    results: list[Any] = field(default_factory=list)
    left: int = 0
    """The number of items without a result."""
    stream: Iterator[bytes] | None = None
    """The further chunks of a response in chunks."""
    over: bool = False
    """Whether it has its response, or was cancelled."""


Entry = tuple[Task, int]
"""A task and the index of one of its items."""

_WHOLE = -1
_FIRST = 512  # tokens of each task that are computed in the order of arrival


class FairQueue:
    """Items of tasks, in the order of fair queuing (Demers, Keshav and Shenker 1989).

    Each item has the time at which it would be done if all waiting tasks were computed side by
    side with equal shares; the earliest is computed first. So a request of one text overtakes one
    of ten thousand texts, which still makes progress however many small requests arrive.

    The first tokens of a task, as many as the longest text has, count as free, so that single
    texts keep the order of arrival. Otherwise a text five times as long as the others would wait
    five times as long, and under load it would be the slowest of a hundred.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, Task, int]] = []
        self._number = count()
        self._now = 0.0
        self._waiting: dict[Task, int] = {}  # the number of entries of each
        self._changed = Condition()
        self._closed = False

    def add(self, task: Task, costs: list[int], *, whole: bool) -> None:
        """Add a task whose items have these costs in tokens; `whole` ones share no batch."""
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
        """Let `take` return nothing when the queue is empty."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def empty(self) -> bool:
        """Whether no item waits."""
        return not self._heap

    @property
    def over(self) -> bool:
        """Whether the queue is closed and empty."""
        with self._changed:
            return self._closed and not self._heap

    def take(self, budget: int, *, wait: bool = True) -> list[Entry]:
        """Take the first items that fit into the budget, but at least one.

        They are sorted by cost, so that items of similar length are together; or they are all
        items of one task that shares no batch. If the queue is empty, wait, unless it is closed.
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
