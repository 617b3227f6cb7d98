import json
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet as pq

from berth_serving.codecs.media import CSV, JSON, LINES, NPY, PARQUET, Format
from berth_serving.codecs.responses import encode
from berth_serving.errors import PredictionError, RequestError

SPANS = [[{"text": "Anna", "score": 0.5}], []]


def body(predictions: Any, kind: str) -> bytes:
    return encode(predictions, Format(kind, kind)).body


def test_json_holds_the_predictions_by_that_name() -> None:
    assert json.loads(body(SPANS, JSON)) == {"predictions": SPANS}
    assert json.loads(body(np.zeros((0, 3)), JSON)) == {"predictions": []}


def test_an_answer_goes_by_the_name_that_the_client_gave_its_type() -> None:
    answer = encode(SPANS, Format(LINES, "application/x-ndjson"))
    assert answer.content_type == "application/x-ndjson"


def test_json_lines_have_a_line_for_each_prediction() -> None:
    lines = body(SPANS, LINES).decode().splitlines()
    assert [json.loads(line) for line in lines] == SPANS
    assert body([], LINES) == b""
    assert body(["a\nb"], LINES) == b'"a\\nb"\n'


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        ([0.5, None, True, "a,b"], '0.5\n""\ntrue\n"a,b"\n'),
        (np.array([[1, 2], [3, 4]]), "1,2\n3,4\n"),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "1,x\n2,y\n"),
        ([[1], [1, 2]], '[1]\n"[1,2]"\n'),
        (SPANS, '"[{""text"":""Anna"",""score"":0.5}]"\n[]\n'),
        ([[], []], "[]\n[]\n"),
        ([{}], "{}\n"),
        ([], ""),
        ("one", "one\n"),
    ],
)
def test_csv_has_a_line_for_each_prediction(predictions: Any, expected: str) -> None:
    assert body(predictions, CSV).decode() == expected


def test_arrays_and_tables_too() -> None:
    found = np.load(BytesIO(body([[0.5], [1]], NPY)), allow_pickle=False)
    assert found.tolist() == [[0.5], [1.0]]
    table = pq.read_table(BytesIO(body(SPANS, PARQUET)))
    assert table.to_pylist() == [{"predictions": row} for row in SPANS]


@pytest.mark.parametrize(("predictions", "kind"), [(SPANS, NPY), ([1, "a"], PARQUET)])
def test_predictions_that_have_no_such_form_are_406(predictions: Any, kind: str) -> None:
    with pytest.raises(RequestError) as refusal:
        body(predictions, kind)
    assert refusal.value.status == 406


@pytest.mark.parametrize("kind", [JSON, LINES])
def test_predictions_without_a_form_in_json_are_the_models_fault(kind: str) -> None:
    with pytest.raises(PredictionError, match="not JSON: JSON has no form"):
        body([object()], kind)
