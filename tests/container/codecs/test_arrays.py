import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.codecs.arrays import read_npy, texts_of_array, write_npy
from berth_serving.errors import RequestError


def npy(array: Any) -> bytes:
    stream = BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def forged(descr: str, shape: str, data: bytes = b"", version: int = 1) -> bytes:
    """A header that numpy would not write."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    size = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def refusal(body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_npy(body)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
        np.array(["a", "b\u00e9\U0001f600"]),
        np.array([b"a"]),
        np.array(["2026-01-02"], dtype="datetime64[D]"),
        np.zeros((0, 3)),
        np.array(1.5),
    ],
)
def test_an_array_comes_as_it_was_sent(array: Any) -> None:
    found = read_npy(npy(array))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


def test_a_header_of_the_later_versions_is_read() -> None:
    for version in (2, 3):
        assert read_npy(forged("'<i2'", "(1,)", b"\x05\0", version)).tolist() == [5]


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    stream = BytesIO()
    np.save(stream, np.array([_Trap(str(trace))], dtype=object), allow_pickle=True)
    assert refusal(stream.getvalue()).code == "wrong_schema"
    assert refusal(pickle.dumps(_Trap(str(trace)))).code == "malformed"
    assert not trace.exists()


class _Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


@pytest.mark.parametrize(
    "body",
    [
        forged("'<f8'", "(1000000000000,)"),  # as much memory as no machine has
        forged("'<f8'", "(1000000000000, 0)"),  # as many empty lists
        forged("'<f8'", "(1,)", b"\0" * 7),
        forged("'<f8'", "(1,)", b"\0" * 9),
        forged("'<f8'", "(-1,)"),
        forged("'<f8'", "(True,)", b"\0" * 8),
        forged("'<f8'", f"(0, {2**70})"),
        forged("'<f8'", str((1,) * 100), b"\0" * 8),
        forged("'<U1'", "(1,)", b"\0\xd8\0\0"),  # half of a surrogate pair
        forged("'<U1'", "(1,)", b"\xff\xff\xff\xff"),
        forged("[" * 300, "(1,)"),
        b"\x93NUMPY",
        b"",
        npy(["a"])[:-1],
    ],
)
def test_what_is_not_as_it_says_is_malformed(body: bytes) -> None:
    assert refusal(body).code == "malformed"


@pytest.mark.parametrize("descr", ["'|O'", "[('a', '<f8')]", "'|V8'", "'<U0'"])
def test_objects_and_records_are_not_taken(descr: str) -> None:
    assert refusal(forged(descr, "(1,)", b"\0" * 8)).code == "wrong_schema"


@given(st.binary())
def test_any_bytes_are_refused_with_400(tail: bytes) -> None:
    for body in (tail, b"\x93NUMPY\x01\x00" + tail):
        refusal(body)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_texts_are_taken_as_they_were_put(texts: list[str]) -> None:
    array = np.array(texts, dtype=str)
    assert texts_of_array(read_npy(npy(array))) == texts
    assert texts_of_array(array.reshape(-1, 1)) == texts


def test_bytes_are_utf_8() -> None:
    assert texts_of_array(np.array(["é".encode()])) == ["é"]
    with pytest.raises(RequestError, match="not UTF-8"):
        texts_of_array(np.array([b"\xff"]))


@pytest.mark.parametrize("array", [np.array([1.5]), np.array([["a", "b"]]), np.array([[["a"]]])])
def test_other_arrays_hold_no_texts(array: Any) -> None:
    with pytest.raises(RequestError, match="must be an array of one string per row"):
        texts_of_array(array)


def test_predictions_become_an_array() -> None:
    assert read_npy(write_npy([[0.5, 1], [2, 3]])).tolist() == [[0.5, 1.0], [2.0, 3.0]]
    for ragged in ([[1], [1, 2]], [{"a": 1}], [None]):
        with pytest.raises(ValueError, match=r"array"):
            write_npy(ragged)
