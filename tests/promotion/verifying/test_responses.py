"""What is judged, read out of an endpoint's answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.verifying.responses import UnreadableError, label, number, spans, vector
from tests.promotion.releases import untimed


def answer(*found: Any) -> bytes:
    return json.dumps({"predictions": [list(found)]}).encode()


@pytest.mark.parametrize("key", ["label", "entity_group", "entity"])
def test_a_label_goes_by_the_names_that_models_give_it(key: str) -> None:
    found = {key: "PER", "start": 0, "end": 4, "score": 0.9, "text": "Anna"}
    assert spans(answer(found)) == {(0, 4, "PER")}


def test_a_text_without_entities_has_no_spans() -> None:
    assert spans(answer()) == frozenset()


_span = {"label": "PER", "start": 0, "end": 4}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"predictions": []}',
        b'{"predictions": {}}',
        b'{"predictions": [[], []]}',  # two texts
        json.dumps({"predictions": [_span]}).encode(),
        answer("PER"),
        answer({"label": "PER", "start": 0}),
        answer({"start": 0, "end": 4}),
        answer({**_span, "label": 3}),
        answer({**_span, "start": "0"}),
        answer({**_span, "end": 4.0}),
        answer({**_span, "start": None}),
        answer({**_span, "start": False}),
    ],
)
def test_an_answer_of_another_form_cannot_be_read(body: bytes) -> None:
    with pytest.raises(UnreadableError) as reason:
        spans(body)
    assert str(reason.value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["predictions", "label", "start", "end"]), inner)
    ),
)


@given(st.binary(max_size=20) | _json.map(lambda value: json.dumps(value).encode()))
@untimed
def test_whatever_comes_is_read_or_said_to_be_unreadable(body: bytes) -> None:
    try:
        found = spans(body)
    except UnreadableError:
        return
    assert all(type(start) is type(end) is int and label for start, end, label in found)


@pytest.mark.parametrize(
    ("read", "body"),
    [
        *((label, body) for body in (b"", b"[]", b"{}", b"null", b"1.5", b'[["a", "b"]]')),
        (label, b'{"predictions": ["a", "b"]}'),  # two rows
        (label, b'{"predictions": [[{"label": "a"}, {"label": "b", "score": 1}]]}'),
        *((number, body) for body in (b"", b"true", b'"1"', b"[1, 2]", b"NaN", b"1e999")),
        (number, b'{"predictions": [{"a": 1, "b": 2}]}'),
        (number, b"1" + b"0" * 400),
        *((vector, body) for body in (b"", b"[]", b"1", b'["a"]', b"[[1], [2]]", b"[1, null]")),
    ],
)
def test_a_response_without_what_is_judged_cannot_be_read(
    read: Callable[[bytes], Any], body: bytes
) -> None:
    with pytest.raises(UnreadableError) as reason:
        read(body)
    assert str(reason.value)


@pytest.mark.parametrize(
    "body", [b"[1, 2]", b"[[1, 2]]", b'{"predictions": [[1, 2]]}', b'[{"embedding": [1, 2]}]']
)
def test_a_vector_is_read_of_what_encoders_answer(body: bytes) -> None:
    assert vector(body) == (1, 2)


@given(st.binary(max_size=20) | _json.map(lambda value: json.dumps(value).encode()))
@untimed
def test_whatever_comes_no_reader_fails_in_another_way(body: bytes) -> None:
    for read in (label, number, vector):
        try:
            found = read(body)
        except UnreadableError:
            continue
        assert isinstance(found, {label: str, number: float, vector: tuple}[read])
