import datetime
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mlflow.pyfunc.scoring_server import predictions_to_json
from pydantic import BaseModel

from berth_serving.codecs.plain import dumps, plain, rows_of

pytestmark = pytest.mark.slow

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


class Span(BaseModel):
    label: str


@dataclass
class Point:
    x: int


def strictly(body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(body, parse_constant=refuse)


def without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


@given(any_json)
def test_what_json_holds_comes_back_and_is_always_json(value: Any) -> None:
    assert strictly(dumps(value)) == without_nan(value)
    assert strictly(json.dumps(plain(value)).encode()) == without_nan(value)


@pytest.mark.parametrize(
    "predictions",
    [
        [[{"text": "Anna", "label": "PERSON", "score": 0.5, "start": 0, "end": 4}], []],
        np.array([[1.5, 2.0]], dtype=np.float32),
        np.array(["a", "b"]),
        [np.float32(0.1), np.float64(0.1), np.int64(3), np.bool_(True), np.array([1, 2])],
        [{"score": np.float32(0.25), "at": np.datetime64("2026-01-02T03:04:05")}],
        np.array([1, None, np.float32(0.5)], dtype=object),
        np.array([b"bytes"]),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"], 3: [0.5, 1]}),
        pd.Series([1, 2], name="a"),
        {"scores": np.array([0.5])},
        {2: "int", True: "bool", None: "none", 1.5: "float"},
        [datetime.date(2026, 1, 2), datetime.time(3, 4), pd.Timestamp("2026-01-02T03:04:05Z")],
        Span(label="PERSON"),
        2**70,
        "\ud800",
        b"bytes",
        None,
    ],
    ids=str,
)
def test_values_are_written_as_mlflow_writes_them(predictions: Any) -> None:
    theirs = StringIO()
    predictions_to_json(predictions, theirs)
    assert {"predictions": strictly(dumps(predictions))} == json.loads(theirs.getvalue())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([np.nan, np.inf, 1.0]), [None, None, 1.0]),
        ([{"score": np.float32("nan")}], [{"score": None}]),
        (pd.DataFrame({"a": [1.0, np.nan]}), [{"a": 1.0}, {"a": None}]),
        (pd.DataFrame({"a": pd.array([1, pd.NA], dtype="Int64")}), [{"a": 1}, {"a": None}]),
        ([pd.DataFrame({"a": [1]}), pd.Series([2], name="b")], [[{"a": 1}], [{"b": 2}]]),
        (pd.DataFrame({"a": []}), []),
        (pd.Categorical(["a", "b"]), ["a", "b"]),
        (pd.NaT, None),
        (
            np.array(["2026-01-02T03:04:05", "NaT"], dtype="datetime64[ns]"),
            ["2026-01-02T03:04:05.000000000", None],
        ),
        (np.timedelta64(1500, "ms"), 1.5),
        (pd.Timedelta("1min"), 60.0),
        (np.longdouble(1.5), 1.5),
        (torch.tensor([[0.5, 1.0]], dtype=torch.bfloat16), [[0.5, 1.0]]),
        ([Decimal("1.5"), Decimal("NaN"), Decimal("Infinity")], [1.5, None, None]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Point(1), {"x": 1}),
        ({np.int64(3): {datetime.date(2026, 1, 2): 2**70}}, {"3": {"2026-01-02": 2**70}}),
    ],
)
def test_what_mlflow_cannot_write_or_writes_badly_becomes_json(value: Any, expected: Any) -> None:
    assert strictly(dumps(value)) == expected


@pytest.mark.parametrize("value", [object(), {(1, 2): 3}, {1, 2}, np.complex64(1), iter([1])])
def test_what_json_has_no_form_for_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="JSON"):
        dumps([value])


def test_what_holds_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(RecursionError):
        dumps(loop)


@pytest.mark.parametrize(
    ("predictions", "rows"),
    [
        ([1, 2], [1, 2]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.DataFrame({"a": [1, 2]}), [{"a": 1}, {"a": 2}]),
        (torch.tensor([1, 2]), [1, 2]),
        ({"a": 1}, [{"a": 1}]),
        ("text", ["text"]),
        (np.float32(0.5), [np.float32(0.5)]),
        (None, [None]),
    ],
)
def test_predictions_are_taken_apart_by_rows(predictions: Any, rows: list[Any]) -> None:
    assert rows_of(predictions) == rows
