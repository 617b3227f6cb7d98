"""Writes JSON: a model's return values are converted to the types that JSON has."""

import base64
import datetime
import json
import math
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson


def dumps(value: Any) -> bytes:
    """Write a value as one line of JSON in UTF-8.

    As MLflow does, it writes arrays as lists, tables as lists of records, bytes in base64 and
    dates in ISO 8601. NaN, infinities and missing values become null; Decimals and durations (in
    seconds) become numbers.

    Raises:
        TypeError, ValueError, RecursionError: for a value that JSON cannot hold.
    """
    try:
        return orjson.dumps(value, default=_known)
    except TypeError:
        # Unlike Python's json, orjson refuses integers over 64 bits, keys other than strings,
        # halves of surrogate pairs and great depth.
        return json.dumps(plain(value), separators=(",", ":"), allow_nan=False).encode()


def plain(value: Any) -> Any:
    """Convert a value to dicts with string keys, lists, strings, numbers, booleans and None."""
    if value is None or isinstance(value, str | bool):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(_known(value))


def rows_of(predictions: Any) -> list[Any]:
    """Return the rows of a table or array, the items of a list, or a list of the one value."""
    if isinstance(predictions, list | tuple):
        return list(predictions)
    if isinstance(predictions, dict | str | bytes):
        return [predictions]
    rows = _array(_table(predictions))
    return rows if isinstance(rows, list) else [predictions]


def _key(key: Any) -> str:
    key = plain(key)
    if isinstance(key, dict | list):
        raise TypeError("JSON's keys are strings, not lists or objects")
    return key if isinstance(key, str) else json.dumps(key)


def _known(value: Any) -> Any:
    """Convert a value by one step towards the types of JSON."""
    for convert in (_missing, _number, _time, _text, _table, _array):
        converted = convert(value)
        if converted is not value:
            return converted
    if isinstance(value, Mapping):
        return dict(value)
    if callable(dump := getattr(value, "model_dump", None)):  # pydantic's models
        return dump()
    raise TypeError(f"JSON has no form for a value of type {type(value).__name__}")


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    # numpy's float64 is a float, but orjson does not accept it.
    return float(value) if isinstance(value, float) else value


def _text(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.encodebytes(value).decode("ascii")
    return str(value) if isinstance(value, UUID) else value


def _missing(value: Any) -> Any:
    pandas = sys.modules.get("pandas")  # its values exist only if it was imported
    return None if pandas and (value is pandas.NA or value is pandas.NaT) else value


def _time(value: Any) -> Any:
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value


def _table(value: Any) -> Any:
    pandas = sys.modules.get("pandas")
    if pandas and isinstance(value, pandas.DataFrame | pandas.Series):
        return pandas.DataFrame(value).to_dict(orient="records")
    return value


def _array(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(value, numpy.ndarray | numpy.generic) and value.dtype.kind in "mM":
        return _times(value, numpy)
    if numpy and isinstance(value, numpy.longdouble):  # its tolist returns itself
        return float(value)
    # numpy's arrays and scalars, torch's tensors, pandas' arrays
    return value.tolist() if callable(getattr(value, "tolist", None)) else value


def _times(value: Any, numpy: Any) -> Any:
    """Convert numpy's dates to text and durations to seconds; as numbers they have no unit."""
    if value.dtype.kind == "m":
        return (value / numpy.timedelta64(1, "s")).tolist()
    texts = numpy.datetime_as_string(value)
    return numpy.where(numpy.isnat(value), None, texts).tolist()
