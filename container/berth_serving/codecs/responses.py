"""Response bodies: a model's predictions in the content type that the client asks for."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from ..errors import PredictionError, RequestError, one_line
from ..servable import Response
from .arrays import write_npy
from .media import CSV, JSON, LINES, NPY, PARQUET, Format
from .parquet import write_parquet
from .plain import dumps, plain, rows_of


def encode(predictions: Any, wanted: Format, *, bare: bool = False) -> Response:
    """Write predictions.

    JSON is `{"predictions": …}`, or the predictions alone if `bare`. JSON lines and CSV have a
    line for each prediction and no header, so that their lines match those of the request. In CSV,
    a prediction that is not a row of plain values is one cell of JSON.

    Raises:
        PredictionError: if they cannot be written as JSON.
        RequestError: 406 if they cannot be written as another requested type.
    """
    try:
        write = dumps if bare and wanted.kind == JSON else _WRITERS[wanted.kind]
        body = write(predictions)
    except (TypeError, ValueError, RecursionError) as error:
        said = one_line(error, 500)
        if wanted.kind in {JSON, LINES}:
            raise PredictionError(f"its prediction is not JSON: {said}") from error
        raise RequestError(
            406, "not_acceptable", f"these predictions can be JSON, but not {wanted.name}: {said}"
        ) from error
    return Response(body, wanted.name)


def _json(predictions: Any) -> bytes:
    return dumps({"predictions": predictions})


def _lines(predictions: Any) -> bytes:
    return b"".join(dumps(row) + b"\n" for row in rows_of(predictions))


def _csv(predictions: Any) -> bytes:
    rows = [plain(row) for row in rows_of(predictions)]
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if _same_width(rows):
        writer.writerows([_cell(value) for value in _values(row)] for row in rows)
    else:
        writer.writerows([_cell(row)] for row in rows)
    return stream.getvalue().encode()


def _same_width(rows: Sequence[Any]) -> bool:
    """Whether all rows are lists, or records of the same keys, with equally many plain values."""
    if all(isinstance(row, dict) for row in rows):
        shapes = {tuple(row) for row in rows}
    elif all(isinstance(row, list) for row in rows):
        shapes = {(len(row),) for row in rows}
    else:
        return False
    values = (value for row in rows for value in _values(row))
    empty_or_nested = not rows or not rows[0] or any(isinstance(v, list | dict) for v in values)
    return len(shapes) == 1 and not empty_or_nested


def _values(row: Any) -> list[Any]:
    return list(row.values()) if isinstance(row, dict) else row


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value).decode()


def _parquet(predictions: Any) -> bytes:
    return write_parquet([plain(row) for row in rows_of(predictions)])


_WRITERS = {JSON: _json, LINES: _lines, CSV: _csv, NPY: write_npy, PARQUET: _parquet}
