"""MLflow's pyfunc models that are declared to work row by row: requests share one `predict`."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np
import pandas as pd

from ..codecs.plain import plain, rows_of
from ..errors import LoadError, PredictionError, RequestError
from ..servable import Job, Request, Response, Stream
from .pyfunc import PyfuncModel, Streamed
from .scoring import Input

_PART = 64  # rows; a longer request is computed in parts, so that shorter ones overtake it
_MOST_CHECKED = 8  # rows of the input example
_DECLARED = "BERTH_BATCH_REQUESTS=1 (`model.batch_requests` in stages.toml)"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a request; those with an equal `form` can be joined without a change of any."""

    data: Any
    form: Hashable
    texts: int | None = None
    bare: bool = False  # as of Input; rows never are


class RowWiseModel(PyfuncModel):
    """A Servable that calls `predict` for the rows of several requests.

    Requests with params, and those that are no table, array or list, are predicted one by one.
    """

    mixes = True

    def open(self, request: Request) -> Job:
        """Read a request as MLflow does, and take it apart."""
        job = super().open(request)
        if not job.items or (form := _form(job.items[0])) is None:
            return job
        (whole,), (cost,) = job.items, job.costs
        starts = range(0, _size(whole.data), _PART)
        parts = [Rows(_cut(whole.data, at, at + _PART), form, whole.texts) for at in starts]
        return Job(parts, [cost // len(parts) + 1] * len(parts), job.context)

    def forward(self, items: Sequence[Any]) -> list[Any]:
        """Predict for the rows of one form in one call, and for other requests one by one."""
        results: list[Any] = [None] * len(items)
        alike: dict[Hashable, list[int]] = defaultdict(list)
        for index, item in enumerate(items):
            if isinstance(item, Rows):
                alike[item.form].append(index)
            else:
                results[index] = self._alone(item)
        for indices in alike.values():
            parts = [items[index].data for index in indices]
            rows = iter(self.predict_rows(parts))
            for index, part in zip(indices, parts, strict=True):
                results[index] = [next(rows) for _ in range(_size(part))]
        return results

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        """Encode the predictions of all rows."""
        if job.items and isinstance(job.items[0], Rows):
            results = [[row for part in results for row in part]]
        elif results and isinstance(results[0], Exception):
            raise results[0]
        return super().finish(job, results)

    def predict_rows(self, parts: Sequence[Any]) -> list[Any]:
        """Predict for rows of one form; PredictionError without one prediction for each row."""
        data = _joined(parts)
        predictions = self.predict(Input(data))
        is_one = isinstance(predictions, str | bytes | dict) or not hasattr(predictions, "__len__")
        rows = [] if is_one else rows_of(predictions)
        if len(rows) != _size(data):
            raise PredictionError(
                f"predict returned {'no list' if is_one else len(rows)} for {_size(data)} rows; "
                "with BERTH_BATCH_REQUESTS=1 it must return one prediction for each"
            )
        return rows

    def check(self) -> None:
        """Predict rows of the input example together and alone; LoadError if that differs."""
        if self.example is None:
            raise LoadError(
                f"{_DECLARED} needs an input example, by which the model is checked to work row by "
                "row; log the model with input_example"
            )
        items = self.open(self.example).items
        if not items or not isinstance(items[0], Rows):
            raise LoadError(
                f"{_DECLARED} needs an input example whose rows can be taken apart: a table, an "
                "array or a list, not empty and without params"
            )
        first = items[0].data
        rows = [_cut(first, at, at + 1) for at in range(min(_size(first), _MOST_CHECKED))]
        alone = [self._checked([row]) for row in rows]
        for row in list(rows):  # rows of other content show what a row alone would not
            try:
                if _form(Input(other := _altered(row))) == items[0].form:
                    alone.append(self.predict_rows([other]))
                    rows.append(other)
            except (RequestError, PredictionError, TypeError, ValueError, KeyError, OverflowError):
                continue  # the model need not know such a row
        rows, alone = [*rows, rows[0]], [*alone, alone[0]]
        for order in (slice(None), slice(None, None, -1)):
            together = self._checked(rows[order])
            if not _same(plain(together), plain([one for (one,) in alone[order]])):
                raise LoadError(
                    f"{_DECLARED}: this model does not work row by row, as it predicts otherwise "
                    "for a row of its input example beside others than alone; leave it out"
                )

    def _checked(self, rows: Sequence[Any]) -> list[Any]:
        try:
            return self.predict_rows(rows)
        except (RequestError, PredictionError) as error:
            reason = str(error) if error.__cause__ is None else type(error.__cause__).__name__
            called = "a row" if len(rows) == 1 else f"{len(rows)} rows"
            raise LoadError(
                f"{_DECLARED}: the model fails on {called} of its input example: {reason}"
            ) from error

    def _alone(self, item: Input | Streamed) -> Any:
        try:
            return self.predict(item)
        except (RequestError, PredictionError) as error:
            return error  # `finish` raises it for this request alone: the batch is not halved


def _form(item: Input | Streamed) -> Hashable | None:
    """What rows must have in common to be joined; None for what has no rows."""
    if isinstance(item, Streamed) or item.bare or item.params:
        return None
    data = item.data
    form: Hashable | None = None
    if isinstance(data, list) and data:
        form = "list"
    elif isinstance(data, dict):
        form = _form_of_columns(data)
    elif isinstance(data, np.ndarray) and data.ndim and len(data):
        # Strings of an array have the length of its longest, which says nothing to a model.
        form = "U" if data.dtype.kind == "U" else data.dtype.str, data.shape[1:]
    # A model may read an index, so a table that has one of its own is computed alone.
    elif isinstance(data, pd.DataFrame) and _is_numbered(data):
        form = tuple(data.columns), tuple(map(str, data.dtypes))
    return form


def _is_numbered(table: pd.DataFrame) -> bool:
    return len(table) > 0 and table.index.equals(pd.RangeIndex(len(table)))


def _form_of_columns(columns: dict[str, Any]) -> Hashable | None:
    """The form of arrays by name, as MLflow reads `instances` and `inputs`."""
    forms = {
        name: _form(Input(column)) if isinstance(column, np.ndarray) else None
        for name, column in columns.items()
    }
    lengths = {len(column) for name, column in columns.items() if forms[name] is not None}
    return tuple(forms.items()) if None not in forms.values() and len(lengths) == 1 else None


def _size(rows: Any) -> int:
    return len(next(iter(rows.values())) if isinstance(rows, dict) else rows)


def _cut(rows: Any, start: int, stop: int) -> Any:
    if isinstance(rows, dict):
        return {name: column[start:stop] for name, column in rows.items()}
    return rows[start:stop]


def _joined(parts: Sequence[Any]) -> Any:
    first = parts[0]
    if len(parts) == 1 and not (isinstance(first, pd.DataFrame) and first.index[0]):
        return first
    if isinstance(first, list):
        return [row for part in parts for row in part]
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    return pd.concat(parts, ignore_index=True)


def _altered(row: Any) -> Any:
    """A row of the same form with other values; ValueError if there is none."""
    if isinstance(row, list):
        return [_other(value) for value in row]
    if isinstance(row, dict):
        return {name: _altered(column) for name, column in row.items()}
    if isinstance(row, np.ndarray):
        if row.dtype.kind not in "fiuU":
            raise ValueError("neither numbers nor strings")
        return np.array(_other(row.tolist()), None if row.dtype.kind == "U" else row.dtype)
    frame = pd.DataFrame({name: [_other(row[name].iloc[0])] for name in row.columns})
    return frame.astype(dict(row.dtypes))


def _other(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value} {value[::-1]}"
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, int | float | np.number):
        return value * 2 + 1
    if isinstance(value, list):
        return [_other(each) for each in value]
    if isinstance(value, dict):
        return {key: _other(each) for key, each in value.items()}
    return value


def _same(one: Any, other: Any) -> bool:
    """Whether two predictions are equal; numbers within what sums in another order differ by."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-4, abs_tol=1e-5)
    return bool(one == other)
