"""Computes batches; where one fails, the request that is to blame is found."""

import logging
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ..errors import Broken, OutOfMemory, PredictionError
from ..in_work import InWork, Step
from ..servable import Servable
from .budget import Budget
from .queue import Entry, Task

_log = logging.getLogger("berth_serving.worker")


class Batches:
    """Has the model compute the items of tasks together.

    Args:
        model: the model.
        seconds: how long a batch should take.
        in_work: where the front sees what is in work.
        on_batch: called with the facts of each batch for the front.
        on_complete: called with each task whose items all have results.
        on_failure: called with each task that fails, and its error.
    """

    def __init__(
        self,
        model: Servable,
        seconds: float,
        in_work: InWork,
        *,
        on_batch: Callable[[dict[str, Any]], None],
        on_complete: Callable[[Task], None],
        on_failure: Callable[[Task, BaseException], None],
    ) -> None:
        self._model = model
        self._budget = Budget(seconds)
        self._in_work = in_work
        self._on_batch, self._on_complete, self._on_failure = on_batch, on_complete, on_failure

    @property
    def tokens(self) -> int:
        """How many tokens the next batch may have."""
        return self._budget.tokens

    def compute(self, batch: Sequence[Entry]) -> None:
        """Compute a batch; if it fails, in halves, until each request to blame is alone."""
        parts = [batch]
        while parts:
            if part := [entry for entry in parts.pop() if not entry[0].over]:
                # Here no error exists any more: it would keep what the failed batch has allocated.
                parts += reversed(self._computed(part))

    def _computed(self, batch: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
        """Compute a batch; return the parts to be tried anew."""
        tokens = sum(task.job.costs[index] for task, index in batch)
        self._in_work.begin(Step.COMPUTE, list({task.id: None for task, _ in batch}))
        started = time.monotonic()
        try:
            results = self._model.forward([task.job.items[index] for task, index in batch])
            _check_count(results, batch)
        except Broken:
            raise  # what was in work stays noted: it may be the cause
        except OutOfMemory as error:
            self._in_work.end(Step.COMPUTE)
            self._budget.out_of_memory(tokens)
            _log.warning("out of memory with a batch of %s tokens; the next are halved", tokens)
            return self._halves([[entry] for entry in batch], error)
        except BaseException as error:  # noqa: BLE001 - the model's code may raise anything
            self._in_work.end(Step.COMPUTE)
            by_task = sorted(batch, key=lambda entry: entry[0].id)
            groups = groupby(by_task, key=lambda entry: entry[0].id)
            return self._halves([list(entries) for _, entries in groups], error)
        self._in_work.end(Step.COMPUTE)
        seconds = time.monotonic() - started
        self._budget.learn(tokens, seconds)
        self._on_batch(self._facts(tokens, seconds, len(batch)))
        for (task, index), result in zip(batch, results, strict=True):
            task.results[index] = result
            task.left -= 1
            if not task.left:
                self._on_complete(task)
        return []

    def _halves(
        self, groups: Sequence[Sequence[Entry]], error: BaseException
    ) -> Sequence[Sequence[Entry]]:
        if len(groups) == 1:
            self._on_failure(groups[0][0][0], error)
            return []
        half = len(groups) // 2
        return [
            [entry for group in part for entry in group] for part in (groups[:half], groups[half:])
        ]

    def _facts(self, tokens: int, seconds: float, items: int) -> dict[str, Any]:
        return {
            "tokens": tokens,
            "seconds": seconds,
            "items": items,
            "seconds_per_token": self._budget.seconds_per_token,
            "measured": min(self._budget.measured, 2**53),
            # A model that does not mix requests computes one at a time.
            "next_tokens": self._budget.tokens if self._model.mixes else 1,
        }


def _check_count(results: Sequence[Any], batch: Sequence[Entry]) -> None:
    if len(results) != len(batch):
        raise PredictionError(f"it gave {len(results)} results for {len(batch)} items")
