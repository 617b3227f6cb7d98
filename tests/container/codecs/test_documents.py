import csv
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.codecs.documents import read_csv, read_json, read_lines
from berth_serving.errors import RequestError

BOM = b"\xef\xbb\xbf"
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
cells = st.text(st.characters(codec="utf-8", exclude_characters="\r"))
any_json = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


def refusal(read: Callable[[bytes], Any], body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(body)
    return caught.value


@given(any_json)
def test_json_is_read_as_python_reads_it(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(BOM + json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.lists(any_json))
def test_lines_are_read_each(values: list[Any]) -> None:
    body = b"".join(json.dumps(value).encode() + b"\r\n" for value in values)
    assert [value for _, value in read_lines(body)] == values


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=2),
        min_size=1,
    )
)
def test_csv_is_read_as_python_writes_it(rows: list[list[str]]) -> None:
    stream = StringIO(newline="")
    csv.writer(stream).writerows(rows)
    assert [row for _, row in read_csv(BOM + stream.getvalue().encode())] == rows


@given(st.binary(), st.sampled_from([read_json, read_lines, read_csv]))
def test_any_bytes_are_read_or_malformed(body: bytes, read: Callable[[bytes], Any]) -> None:
    try:
        read(body)
    except RequestError as error:
        assert (error.status, error.code) == (400, "malformed")  # noqa: PT017 - it may be read


def test_integers_of_any_size_keep_their_value() -> None:
    assert read_json(b"[123456789012345678901234567890]") == [123456789012345678901234567890]


def test_the_last_of_equal_keys_counts() -> None:
    assert read_json(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"text": ["a",]}', "line 1, column 15"),
        (b'{\n"text": nil}', "line 2, column 9"),
        (b"", "line 1, column 1"),
        (b'"\xff"', None),
        (b'"\\ud800"', None),
        (b"[" * 100_000, None),
        (b"9" * 10_000, None),
        ('"a"'.encode("utf-16"), None),
    ],
)
def test_what_is_no_json_is_malformed_and_the_place_named(body: bytes, where: str | None) -> None:
    error = refusal(read_json, body)
    assert (error.code, error.where) == ("malformed", where)


def test_the_line_that_is_no_json_is_named() -> None:
    assert refusal(read_lines, b'"a"\n\n"b"\n{"c"\n').where == "line 4, column 5"


def test_blank_lines_are_no_records() -> None:
    assert read_lines(b'\n"a"\n  \n"b"') == [(2, "a"), (4, "b")]
    assert read_csv(b"\na\n\nb\n") == [(2, ["a"]), (4, ["b"])]


@pytest.mark.parametrize("body", [b'a\n"b', b'a\n"b" c\n', b"a\n\xff"])
def test_what_is_no_csv_is_malformed(body: bytes) -> None:
    assert refusal(read_csv, body).code == "malformed"


def test_a_cell_may_be_as_long_as_a_body() -> None:
    assert read_csv(b"a" * 1_000_000) == [(1, ["a" * 1_000_000])]
