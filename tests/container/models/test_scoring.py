import json
from io import BytesIO, StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input
from mlflow.types.schema import ColSpec, Schema, TensorSpec

from berth_serving.codecs.media import CSV, JSON, LINES, NPY, PARQUET, Format
from berth_serving.codecs.text_bodies import SHAPES
from berth_serving.errors import RequestError
from berth_serving.models import scoring
from berth_serving.models.scoring import Signature

pytestmark = pytest.mark.slow

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
    st.sampled_from(["text", *SHAPES, "params"]), any_json, min_size=1, max_size=2
)


def read(body: bytes, kind: str, signature: Signature) -> scoring.Input:
    return scoring.read(body, Format(kind, kind), signature)


def parse(document: object, signature: Signature = TEXTS) -> scoring.Input:
    return read(json.dumps(document).encode(), JSON, signature)


def refusal(
    body: bytes, media_type: str = JSON, signature: Signature = TEXTS
) -> RequestError | None:
    try:
        read(body, media_type, signature)
    except RequestError as error:
        return error
    return None


# What is refused, and how


@given(any_json | shaped, st.sampled_from(SIGNATURES))
def test_any_json_is_taken_or_refused_with_400(document: object, signature: Signature) -> None:
    error = refusal(json.dumps(document).encode(), signature=signature)
    assert error is None or (error.status == 400 and len(error.message.splitlines()) == 1)


@given(st.binary(), st.sampled_from([JSON, LINES, CSV, NPY, PARQUET]), st.sampled_from(SIGNATURES))
def test_any_bytes_are_taken_or_refused_with_400(
    body: bytes, kind: str, signature: Signature
) -> None:
    error = refusal(body, kind, signature)
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
    for body in (b"", b"a,b\n\xff\n", b'a\n"'):
        error = refusal(body, CSV, TABLE)
        assert error is not None
        assert error.code == "malformed"


def test_strings_that_numpy_would_give_more_room_than_there_is_are_refused() -> None:
    cells = ["x" * 100_000, *["y"] * 10_000]
    for document in ({"inputs": {"a": cells}}, {"instances": [{"a": cell} for cell in cells]}):
        error = refusal(json.dumps(document).encode(), signature=Signature())
        assert error is not None
        assert error.code == "wrong_schema"
        assert "send them as dataframe_split" in error.message


# Texts


@given(st.lists(st.text()))
def test_texts_reach_the_model_as_they_are(texts: list[str]) -> None:
    for signature in (TEXTS, Signature()):
        found = parse({"text": texts}, signature)
        assert found.data["text"].tolist() == texts
        assert found.texts == len(texts)


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
    ours = read(table.encode(), CSV, TABLE).data
    same(ours, parse_csv_input(StringIO(table), TABLE.schema))
    assert ours.dtypes.tolist() == [np.dtype("float64"), np.dtype("int64")]


# Other types, for models of other things than texts


def npy(array: Any) -> bytes:
    stream = BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def test_lines_of_records_are_a_table() -> None:
    found = read(b'{"a": 1, "b": 2}\n{"a": 3.5, "b": 4}\n', LINES, TABLE).data
    same(found, pd.DataFrame({"a": [1, 3.5], "b": [2, 4]}))


def test_lines_of_lists_are_an_array() -> None:
    found = read(b"[1, 2]\n[3, 4]\n", LINES, TENSOR).data
    assert found.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.dtype == np.float32


def test_arrays_are_taken_as_they_are_or_by_the_names_of_their_columns() -> None:
    same(read(npy([[1.0, 2.0]]), NPY, TENSOR).data, np.array([[1.0, 2.0]]))
    same(read(npy([[1.0, 2.0]]), NPY, TABLE).data, pd.DataFrame({"a": [1.0], "b": [2.0]}))
    named = Signature(Schema([TensorSpec(np.dtype("float64"), (-1, 2), "x")]))
    same(read(npy([[1.0, 2.0]]), NPY, named).data, {"x": np.array([[1.0, 2.0]])})


def test_an_array_of_another_width_is_refused() -> None:
    error = refusal(npy([[1.0]]), NPY, TABLE)
    assert error is not None
    assert "2 columns (a, b)" in error.message


def test_parquet_is_a_table() -> None:
    table = pd.DataFrame({"a": [1.5], "b": [2]})
    same(read(table.to_parquet(), PARQUET, TABLE).data, table)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"text": "a"}\n"b"\n', LINES),
        (b"a\nb\n", CSV),
        (npy(["a", "b"]), NPY),
        (pd.DataFrame({"text": ["a", "b"]}).to_parquet(), PARQUET),
    ],
)
def test_every_type_holds_texts_for_a_model_of_texts(body: bytes, kind: str) -> None:
    assert read(body, kind, TEXTS).data["text"].tolist() == ["a", "b"]
    by_hint = Signature(Schema([ColSpec("string")]), by_type_hint=True)
    assert read(body, kind, by_hint).data == ["a", "b"]
