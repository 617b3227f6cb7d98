from io import BytesIO
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from berth_serving.codecs import parquet
from berth_serving.codecs.parquet import read_parquet, texts_of_table, write_parquet
from berth_serving.errors import RequestError


def table(**columns: Any) -> bytes:
    stream = BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def refusal(body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        texts_of_table(read_parquet(body), "text")
    return caught.value


@given(st.lists(st.text(), min_size=1))
def test_texts_are_taken_as_they_were_put(texts: list[str]) -> None:
    body = table(text=texts, other=list(range(len(texts))))
    assert texts_of_table(read_parquet(body), "text") == texts


def test_an_only_column_may_have_any_name() -> None:
    assert texts_of_table(read_parquet(table(sentence=["a"])), "text") == ["a"]


def test_a_column_of_categories_is_one_of_texts() -> None:
    body = table(text=pa.array(["a", "b", "a"]).dictionary_encode())
    assert texts_of_table(read_parquet(body), "text") == ["a", "b", "a"]


def test_types_are_kept() -> None:
    found = read_parquet(table(a=[1, 2], b=[0.5, None]))
    assert found.to_pylist() == [{"a": 1, "b": 0.5}, {"a": 2, "b": None}]


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (table(text=["a", None]), "wrong_schema", "text[1]"),
        (table(text=[1]), "wrong_schema", "text[0]"),
        (table(a=["a"], b=["b"]), "wrong_schema", None),
        (table(), "wrong_schema", None),
        (table(text=[["a"]]), "wrong_schema", "text"),
        (table(text=["a"])[:-1], "malformed", None),
        (b"PAR1PAR1", "malformed", None),
        (b"", "malformed", None),
    ],
)
def test_what_is_no_table_of_texts_is_refused(body: bytes, code: str, where: str | None) -> None:
    error = refusal(body)
    assert (error.status, error.code, error.where) == (400, code, where)


@given(st.binary(), st.integers(0, 400))
def test_any_bytes_are_refused_with_400(noise: bytes, place: int) -> None:
    whole = table(text=["a", "b"])
    for body in (noise, whole[:place] + noise + whole[place + len(noise) :]):
        try:
            texts_of_table(read_parquet(body), "text")
        except RequestError as error:
            assert error.status in {400, 413}  # noqa: PT017 - it may still be a table


def test_texts_that_are_not_utf_8_are_malformed() -> None:
    ends = pa.py_buffer((0).to_bytes(4, "little") + (1).to_bytes(4, "little"))
    column = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"\xff")])
    assert refusal(table(text=column)).code == "malformed"


def test_few_bytes_do_not_unfold_to_gigabytes() -> None:
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000), pa.array(["x" * 10_000]))
    body = table(text=repeated)
    assert len(body) < 10_000
    assert refusal(body).status == 413


def test_nor_to_more_rows_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_VALUES", 10)
    assert refusal(table(text=["a"] * 11)).status == 413


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        ([{"a": 1}, {"a": 2, "b": "x"}], [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
        ([[1, 2], []], [{"predictions": [1, 2]}, {"predictions": []}]),
        ([0.5], [{"predictions": 0.5}]),
        ([], []),
    ],
)
def test_predictions_become_a_table(rows: list[Any], written: list[Any]) -> None:
    assert pq.read_table(BytesIO(write_parquet(rows))).to_pylist() == written


@pytest.mark.parametrize("rows", [[1, "a"], [2**70], [{"a": {}}]])
def test_what_has_no_one_type_makes_none(rows: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        write_parquet(rows)
