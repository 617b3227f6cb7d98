"""Computes batches; where one fails, the request that is to blame is found."""

import logging
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ..errors import Broken, OutOfMemory, PredictionError
from ..servable import Servable
from .budget import Budget
from .queue import Entry, Task

_log = logging.getLogger("berth_serving.worker")


class Batches:
    """Has the model compute the items of tasks together.

    Args:
        model: the model.
        seconds: how long a batch should take.
        on_batch: called with the facts of each batch for the front.
        on_complete: called with each task whose items all have results.
        on_failure: called with each task that fails, and its error.
    """

    def __init__(
        self,
        model: Servable,
        seconds: float,
        *,
        on_batch: Callable[[dict[str, Any]], None],
        on_complete: Callable[[Task], None],
        on_failure: Callable[[Task, Exception], None],
    ) -> None:
        self._model = model
        self._budget = Budget(seconds)
        self._on_batch, self._on_complete, self._on_failure = on_batch, on_complete, on_failure

    @property
    def tokens(self) -> int:
        """How many tokens the next batch may have."""
        return self._budget.tokens

    def compute(self, batch: Sequence[Entry]) -> None:
        """Compute a batch; if it fails, in halves, until each request to blame is alone."""
        batch = [entry for entry in batch if not entry[0].over]
        if not batch:
            return
        tokens = sum(task.job.costs[index] for task, index in batch)
        started = time.monotonic()
        try:
            results = self._model.forward([task.job.items[index] for task, index in batch])
            _check_count(results, batch)
        except Broken:
            raise
        except OutOfMemory as error:
            self._budget.out_of_memory(tokens)
            _log.warning("out of memory with a batch of %s tokens; the next are halved", tokens)
            if len(batch) == 1:
                self._on_failure(batch[0][0], error)
            else:
                self.compute(batch[: len(batch) // 2])
                self.compute(batch[len(batch) // 2 :])
        except Exception as error:  # noqa: BLE001 - the model's code may raise anything
            self._blame(batch, error)
        else:
            seconds = time.monotonic() - started
            self._budget.learn(tokens, seconds)
            self._on_batch(self._facts(tokens, seconds, len(batch)))
            for (task, index), result in zip(batch, results, strict=True):
                task.results[index] = result
                task.left -= 1
                if not task.left:
                    self._on_complete(task)

    def _blame(self, batch: Sequence[Entry], error: Exception) -> None:
        by_task = sorted(batch, key=lambda entry: entry[0].id)
        groups = [list(entries) for _, entries in groupby(by_task, key=lambda entry: entry[0].id)]
        if len(groups) == 1:
            self._on_failure(batch[0][0], error)
            return
        half = len(groups) // 2
        self.compute([entry for group in groups[:half] for entry in group])
        self.compute([entry for group in groups[half:] for entry in group])

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
