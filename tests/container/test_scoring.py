import json
import math
from decimal import Decimal
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input, predictions_to_json
from mlflow.types.schema import ColSpec, Schema, TensorSpec

from serving import scoring
from serving.errors import RequestError
from serving.media import CSV, JSON
from serving.scoring import Signature

TEXTS = Signature(Schema([ColSpec("string", "text")]))
TABLE = Signature(Schema([ColSpec("double", "a"), ColSpec("long", "b")]))
TENSOR = Signature(Schema([TensorSpec(np.dtype("float32"), (-1, 2))]))
SIGNATURES = [Signature(), TEXTS, TABLE, TENSOR, Signature(by_type_hint=True)]

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
shaped = st.dictionaries(
    st.sampled_from(["text", *scoring.SHAPES, "params"]), any_json, min_size=1, max_size=2
)


def parse(document: object, signature: Signature = TEXTS) -> scoring.Input:
    return scoring.parse(json.dumps(document).encode(), JSON, signature)


def refusal(
    body: bytes, media_type: str = JSON, signature: Signature = TEXTS
) -> RequestError | None:
    try:
        scoring.parse(body, media_type, signature)
    except RequestError as error:
        return error
    return None


# What is refused, and how


@given(any_json | shaped, st.sampled_from(SIGNATURES))
def test_any_json_is_taken_or_refused_with_400(document: object, signature: Signature) -> None:
    error = refusal(json.dumps(document).encode(), signature=signature)
    assert error is None or (error.status == 400 and len(error.message.splitlines()) == 1)


@given(st.binary(), st.sampled_from([JSON, CSV]))
def test_any_bytes_are_taken_or_refused_with_400(body: bytes, media_type: str) -> None:
    error = refusal(body, media_type)
    assert error is None or error.status == 400


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"text": ["a",]}', "line 1, column 15"),
        (b"", "line 1, column 1"),
        (b'{"text": "\xff"}', None),
        (b'{"text": "\\ud800"}', None),
        (b'{"text": ' + b"[" * 100_000, None),
        (b'{"inputs": ' + b"9" * 10_000 + b"}", None),
    ],
)
def test_what_is_no_json_is_malformed(body: bytes, where: str | None) -> None:
    error = refusal(body)
    assert error is not None
    assert (error.status, error.code, error.where) == (400, "malformed", where)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"text": ["a", 1]}, "text[1]"),
        ({"text": None}, "text"),
        ({"text": {"a": "b"}}, "text"),
        ({"text": "a", "params": 3}, "params"),
        ({"dataframe_split": []}, "dataframe_split"),
        ({"dataframe_records": {"text": "a"}}, "dataframe_records"),
        ({}, None),
        ([], None),
        ("text", None),
        ({"text": "a", "inputs": ["a"]}, None),
        ({"texts": ["a"]}, None),
    ],
)
def test_what_is_no_protocol_is_of_the_wrong_schema(document: object, where: str | None) -> None:
    error = refusal(json.dumps(document).encode())
    assert error is not None
    assert (error.status, error.code, error.where) == (400, "wrong_schema", where)


def test_csv_that_is_none_is_malformed() -> None:
    for body in (b"", b"text\n\xff\n"):
        error = refusal(body, CSV)
        assert error is not None
        assert error.code == "malformed"


# Texts


@given(st.lists(st.text()))
def test_texts_reach_the_model_as_they_are(texts: list[str]) -> None:
    for signature in (TEXTS, Signature()):
        request = parse({"text": texts}, signature)
        assert request.data["text"].tolist() == texts
        assert request.texts == len(texts)


def test_one_text_is_a_list_of_one() -> None:
    assert parse({"text": "a"}).data["text"].tolist() == ["a"]


def test_texts_take_the_form_that_the_signature_has() -> None:
    other_name = Signature(Schema([ColSpec("string", "sentence")]))
    assert parse({"text": ["a"]}, other_name).data["sentence"].tolist() == ["a"]
    assert parse({"text": ["a"]}, Signature(Schema([ColSpec("string")]))).data == ["a"]
    assert parse({"text": ["a"]}, Signature(by_type_hint=True)).data == ["a"]


def test_params_go_along() -> None:
    assert parse({"text": "a", "params": {"top": 3}}).params == {"top": 3}


# MLflow's shapes mean what they mean to MLflow


def same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, pd.DataFrame):
        pd.testing.assert_frame_equal(ours, theirs)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            same(ours[name], value)
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("document", "signature"),
    [
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3.5, 4]]}}, TABLE),
        ({"dataframe_split": {"columns": ["x"], "data": [[None]], "index": [7]}}, Signature()),
        ({"dataframe_records": [{"a": 1, "b": 2}, {"a": 2.5, "b": 3}]}, TABLE),
        ({"instances": [{"a": 1, "b": 2}, {"a": 2.5, "b": 3}]}, TABLE),
        ({"instances": [[1, 2], [3, 4]]}, TENSOR),
        ({"inputs": {"a": [1, 2.5], "b": [2, 3]}}, TABLE),
        ({"inputs": [[1, 2], [3, 4]]}, TENSOR),
        ({"inputs": ["a", "b"]}, TEXTS),
        ({"inputs": 5}, Signature()),
    ],
)
def test_a_shape_is_read_as_mlflow_reads_it(document: Any, signature: Signature) -> None:
    same(parse(document, signature).data, infer_and_parse_data(document, signature.schema))


def test_a_model_by_type_hint_gets_its_inputs_untouched() -> None:
    assert parse({"inputs": [{"a": 1}]}, Signature(by_type_hint=True)).data == [{"a": 1}]


def test_csv_is_read_as_mlflow_reads_it() -> None:
    table = "a,b\n1,2\n3.5,4\n"
    ours = scoring.parse(table.encode(), CSV, TABLE).data
    same(ours, parse_csv_input(StringIO(table), TABLE.schema))
    assert ours.dtypes.tolist() == [np.dtype("float64"), np.dtype("int64")]


# Answers

PREDICTIONS = [
    [[{"text": "Anna", "label": "PERSON", "score": 0.5, "start": 0, "end": 4}], []],
    np.array([[1.5, 2.0]], dtype=np.float32),
    np.array(["a", "b"]),
    [np.float32(0.1), np.int64(3), np.bool_(True), np.array([1, 2])],
    [{"score": np.float32(0.25), "at": np.datetime64("2026-01-02T03:04:05")}],
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    pd.Series([1, 2], name="a"),
    {"scores": np.array([0.5])},
    b"bytes",
    None,
]


@pytest.mark.parametrize("predictions", PREDICTIONS, ids=str)
def test_an_answer_is_written_as_mlflow_writes_it(predictions: Any) -> None:
    theirs = StringIO()
    predictions_to_json(predictions, theirs)
    assert json.loads(scoring.render(predictions)) == json.loads(theirs.getvalue())


@given(any_json)
def test_what_json_holds_comes_back_and_is_always_json(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    back = json.loads(scoring.render(value), parse_constant=refuse)["predictions"]
    assert back == without_nan(value)


def without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        (np.array([np.nan, np.inf, 1.0]), [None, None, 1.0]),
        ([{"score": np.float32("nan")}], [{"score": None}]),
        (pd.DataFrame({"a": [1.0, np.nan]}), [{"a": 1.0}, {"a": None}]),
        (pd.DataFrame({"a": pd.array([1, pd.NA], dtype="Int64")}), [{"a": 1}, {"a": None}]),
        ([pd.DataFrame({"a": [1]}), pd.Series([2], name="b")], [[{"a": 1}], [{"b": 2}]]),
    ],
)
def test_what_mlflow_cannot_write_becomes_json(predictions: Any, expected: Any) -> None:
    assert json.loads(scoring.render(predictions))["predictions"] == expected


@pytest.mark.parametrize("predictions", [[Decimal(1)], [object()], {(1, 2): 3}])
def test_what_no_json_can_hold_is_an_error(predictions: Any) -> None:
    with pytest.raises(TypeError):
        scoring.render(predictions)
