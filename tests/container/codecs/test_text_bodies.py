import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.codecs.media import CSV, JSON, LINES, NPY, PARQUET, Format
from berth_serving.codecs.parquet import write_parquet
from berth_serving.codecs.text_bodies import SHAPES, read_texts
from berth_serving.errors import RequestError

KINDS = [JSON, LINES, CSV, NPY, PARQUET]
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
shaped = st.dictionaries(
    st.sampled_from(["text", *SHAPES, "params"]), any_json, min_size=1, max_size=2
)


def read(body: object, kind: str = JSON, header: str | None = None, column: str = "text") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_texts(content, Format(kind, kind, header), column)


def refusal(body: object, kind: str = JSON, **how: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(body, kind, **how)
    assert caught.value.status == 400
    assert len(caught.value.message.splitlines()) == 1
    return caught.value


def npy(texts: list[str]) -> bytes:
    stream = BytesIO()
    np.save(stream, np.array(texts, dtype=str))
    return stream.getvalue()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)))
def test_every_type_and_shape_holds_the_same_texts(texts: list[str]) -> None:
    records = [{"text": text} for text in texts]
    documents: list[dict[str, Any]] = [
        {"text": texts},
        {"dataframe_split": {"columns": ["x", "text"], "data": [[1, text] for text in texts]}},
        {"dataframe_records": [{"x": 1} | record for record in records]},
        {"instances": texts},
        {"instances": records},
        {"inputs": texts},
        {"inputs": {"text": texts}},
    ]
    for document in documents:
        assert read(document).texts == texts
        assert read(document | {"params": {"a": 1}}).texts == texts
    assert read(b"\n".join(map(dumps, records)), LINES).texts == texts
    assert read(b"\n".join(map(dumps, texts)), LINES).texts == texts
    assert read(b'"text"\n' + b"".join(map(cell, texts)), CSV).texts == texts
    assert read(b"".join(map(cell, texts)), CSV, header="absent").texts == texts
    assert read(npy(texts), NPY).texts == texts
    if texts:
        assert read(write_parquet(records), PARQUET).texts == texts


def dumps(value: object) -> bytes:
    return json.dumps(value).encode()


def cell(text: str) -> bytes:
    return ('"' + text.replace('"', '""') + '"\r\n').encode()


def test_one_text_is_a_list_of_one() -> None:
    documents: list[Any] = [{"text": "a"}, {"inputs": "a"}, {"inputs": {"text": "a"}}]
    for document in documents:
        assert read(document).texts == ["a"]


def test_no_texts_are_an_empty_list() -> None:
    documents: list[Any] = [{"text": []}, {"instances": []}, {"dataframe_records": []}]
    for document in documents:
        assert read(document).texts == []
    for kind in (LINES, CSV):
        assert read(b"", kind).texts == []


def test_params_go_along() -> None:
    assert read({"text": "a", "params": {"top": 3}}).params == {"top": 3}
    assert read({"text": "a"}).params is None


def test_the_texts_may_be_called_otherwise() -> None:
    assert read({"dataframe_records": [{"sentence": "a"}]}, column="sentence").texts == ["a"]
    assert read({"text": ["a"]}, column="sentence").texts == ["a"]
    assert read(b"sentence\na\n", CSV, column="sentence").texts == ["a"]


# CSV: a header is known by the column's name, or by what the Content-Type says of it


@pytest.mark.parametrize(
    ("body", "header", "texts"),
    [
        (b"text\na\n", None, ["a"]),
        (b"a\nb\n", None, ["a", "b"]),
        (b"id,text\n1,a\n2,b\n", None, ["a", "b"]),
        (b"text\na\n", "absent", ["text", "a"]),
        (b"title\na\n", "present", ["a"]),
        (b'"a, b"\n', None, ["a, b"]),
        (b'"a\nb"\n""\n', None, ["a\nb", ""]),
    ],
)
def test_csv_is_one_text_a_line(body: bytes, header: str | None, texts: list[str]) -> None:
    assert read(body, CSV, header=header).texts == texts


@pytest.mark.parametrize(
    ("body", "header", "where"),
    [
        (b"a\nb, c\n", None, "line 2"),
        (b"id,text\n1,a,b\n", None, "line 2"),
        (b"id,title\n1,a\n", "present", "line 1"),
    ],
)
def test_csv_of_another_width_is_refused(body: bytes, header: str, where: str) -> None:
    error = refusal(body, CSV, header=header)
    assert (error.code, error.where) == ("wrong_schema", where)


# What is refused, and how


@given(any_json | shaped)
def test_any_json_is_taken_or_refused_with_400(document: object) -> None:
    taken_or_400(lambda: read(document))
    taken_or_400(lambda: read(document, LINES))


@given(st.binary(), st.sampled_from(KINDS))
def test_any_bytes_are_taken_or_refused_with_400(body: bytes, kind: str) -> None:
    taken_or_400(lambda: read(body, kind))


def taken_or_400(reading: Callable[[], Any]) -> None:
    try:
        assert all(isinstance(text, str) and text.encode() is not None for text in reading().texts)
    except RequestError as error:
        assert error.status == 400  # noqa: PT017 - it may be taken


@pytest.mark.parametrize(
    "document",
    [
        {"text": ["a"], "id": 7},
        {"inputs": ["a"], "model": "ner"},
        {"dataframe_split": {"columns": ["text"], "data": [["a"]]}, "zz": None, "params": {}},
    ],
)
def test_a_key_that_is_no_shape_has_no_meaning(document: object) -> None:
    assert read(document).texts == ["a"]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"text": ["a", 1]}, "text[1]"),
        ({"text": None}, "text"),
        ({"text": {"a": "b"}}, "text"),
        ({"text": "a", "params": 3}, "params"),
        ({"dataframe_split": []}, "dataframe_split"),
        ({"dataframe_split": {"columns": ["x"], "data": []}}, "dataframe_split.columns"),
        ({"dataframe_split": {"columns": ["text"], "data": [[]]}}, "dataframe_split.data[0]"),
        ({"dataframe_split": {"columns": ["text"], "data": [[1]]}}, "dataframe_split.data[0][0]"),
        ({"dataframe_records": {"text": "a"}}, "dataframe_records"),
        ({"dataframe_records": [{"text": "a"}, {}]}, "dataframe_records[1]"),
        ({"instances": [{"text": 5}]}, "instances[0].text"),
        ({"inputs": {"text": ["a", None]}}, "inputs.text[1]"),
        ({"inputs": {"words": ["a"]}}, "inputs"),
        ({}, None),
        ([], None),
        ("text", None),
        ({"text": "a", "inputs": ["a"]}, None),
        ({"texts": ["a"]}, None),
        ({"params": {}}, None),
    ],
)
def test_what_holds_no_texts_is_of_the_wrong_schema(document: object, where: str | None) -> None:
    error = refusal(document)
    assert (error.code, error.where) == ("wrong_schema", where)


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (b'"a"\n5\n', "wrong_schema", "line 2"),
        (b'{"text": "a"}\n{"text": 5}\n', "wrong_schema", "line 2, text"),
        (b'{"a": "b", "c": "d"}', "wrong_schema", "line 1"),
        (b'"a"\n"b\n', "malformed", "line 2, column 1"),
    ],
)
def test_the_line_at_fault_is_named(body: bytes, code: str, where: str) -> None:
    error = refusal(body, LINES)
    assert (error.code, error.where) == (code, where)


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\ud800"}',
        b'{"text": "\xff"}',
        b'{"text": ' + b"[" * 100_000,
        b'{"inputs": ' + b"9" * 10_000 + b"}",
        '{"text": "a"}'.encode("utf-16"),
    ],
)
def test_what_no_text_can_hold_is_malformed(body: bytes) -> None:
    assert refusal(body).code == "malformed"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b'\xef\xbb\xbf{"text": "a"}').texts == ["a"]
    assert read(b"\xef\xbb\xbftext\na\n", CSV).texts == ["a"]
    assert read(b'\xef\xbb\xbf"a"\n', LINES).texts == ["a"]
