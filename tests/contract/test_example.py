"""What is made of the one request that is known."""

import json
from pathlib import Path

import pytest

from contract.canary import POISON, WORD
from contract.example import Example, of_model

JSON = "application/json"


def example(document: object) -> Example:
    return Example(json.dumps(document).encode(), JSON)


@pytest.mark.parametrize(
    ("document", "second"),
    [
        ({"instances": [1, 2]}, {"instances": [1, 2, 1, 2]}),
        ({"text": ["a"]}, {"text": ["a", "a"]}),
        (
            {"dataframe_split": {"columns": ["x"], "data": [[1]]}},
            {"dataframe_split": {"columns": ["x"], "data": [[1], [1]]}},
        ),
        ([1], [1, 1]),
        ({"input": 4.0}, {"input": 5.0}),
    ],
)
def test_variants_have_more_rows_or_other_numbers(document: object, second: object) -> None:
    first, other = example(document).variants(2)
    assert json.loads(first.body) == document
    assert json.loads(other.body) == second


def test_nothing_varies_in_what_is_not_understood() -> None:
    assert Example(b"\x00\x01", "image/jpeg").variants(3) == []
    assert Example(b"\x00\x01", "image/jpeg").larger(3) is None
    assert example({"input": "a"}).variants(3) == []


def test_padding_leaves_the_document_as_it_is() -> None:
    padded = example({"instances": [1]}).padded(1000)
    assert len(padded.body) == 1000
    assert json.loads(padded.body) == {"instances": [1]}


@pytest.mark.parametrize(
    ("document", "media_type", "first"),
    [
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"]]}}, "csv", b'1,"x"'),
        (
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"]]}},
            "jsonlines",
            b'{"a": 1, "b": "x"}',
        ),
        ({"dataframe_records": [{"a": 1}]}, "jsonlines", b'{"a": 1}'),
        ({"text": ['say "a"']}, "csv", b'"say ""a"""'),
        ({"text": ["a"]}, "jsonlines", b'{"text": "a"}'),
        ({"instances": [1.5]}, "jsonlines", b"1.5"),
    ],
)
def test_records_are_rows_a_line_each(document: object, media_type: str, first: bytes) -> None:
    full = {"csv": "text/csv", "jsonlines": "application/jsonlines"}[media_type]
    records = next(example(document).records(full))
    assert records == [first] * 3


def test_a_model_of_mlflow_brings_its_own(tmp_path: Path) -> None:
    assert of_model(tmp_path) is None
    (tmp_path / "serving_input_example.json").write_text('{"inputs": [1]}')
    assert of_model(tmp_path) == Example(b'{"inputs": [1]}', JSON)


def test_poison_is_well_formed_and_has_a_row_that_is_none() -> None:
    poisoned = example({"instances": [1, 2]}).poisoned()
    assert json.loads(poisoned.body) == {"instances": [{"no": ["such", "row", POISON]}, 2]}
    assert json.loads(example({"input": 1}).poisoned().body) == {"no": ["such", "key", POISON]}


@pytest.mark.parametrize(
    ("document", "marked"),
    [
        ({"text": ["a"]}, {"text": [f"{WORD} a"]}),
        ({"text": "a", "n": 1}, {"text": f"{WORD} a", "n": 1}),
        (
            {"dataframe_split": {"columns": ["x"], "data": [["a", 1]]}},
            {"dataframe_split": {"columns": ["x"], "data": [[f"{WORD} a", 1]]}},
        ),
        ([{"x": "a"}], [{"x": f"{WORD} a"}]),
        ({"instances": [1.5]}, {"instances": [1.5]}),
    ],
)
def test_the_canary_is_in_each_text_and_nowhere_else(document: object, marked: object) -> None:
    assert json.loads(example(document).marked().body) == marked
