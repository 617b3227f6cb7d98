"""The golden set of a model's folder: what it may hold, and what `berth check` says of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.compatibility import golden_sets
from stacks.compatibility.golden_set import GoldenFile, GoldenSetError, parse, read_golden
from tests.stacks.compatibility.asking import MODEL, found, stage_that_asks

ENTITY = {"start": 0, "end": 4, "label": "PER"}
CASES: dict[str, dict[str, Any]] = {
    "spans": {"entities": [ENTITY]},
    "labels": {"label": "good"},
    "numbers": {"value": 3, "tolerance": 0.5},
    "vectors": {"vector": [0.1, -2], "min_cosine": 0.9},
    "json": {"output": {"any": [None, 1]}},
}
inputs = st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2), max_size=2)


def line(**keys: Any) -> bytes:
    return json.dumps({"input": 1, **keys}).encode()


@given(st.lists(inputs, min_size=1, max_size=5), st.sampled_from(list(CASES)), st.booleans())
def test_each_line_is_a_case_in_its_order_and_says_its_evaluator(
    bodies: list[object], evaluator: str, last_line_ends: bool
) -> None:
    lines = (json.dumps({"input": body, **CASES[evaluator]}).encode() for body in bodies)
    found = parse(b"\n".join(lines) + b"\n" * last_line_ends, "set")
    assert [one.input for one in found] == bodies
    assert {one.evaluator for one in found} == {evaluator}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"[", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (line(), "it has none of entities, label, value, vector, output; one of them says what"),
        (line(label="x", value=1), "it has label and value of entities, "),
        (line(label="x", note=1), "note: Extra inputs are not permitted"),
        (b'{"label": "x"}', "input: Field required"),
        (line(label=2.5), "label: must be a text, a whole number, true or false"),
        (line(label=""), "label: must be a text, "),
        (line(value="3"), "value: Input should be a valid number"),
        (b'{"input": 1, "value": NaN}', "value: Input should be a finite number"),
        (line(value=3, tolerance=-1), "tolerance: Input should be greater than or equal to 0"),
        (line(vector=[]), "vector: Tuple should have at least 1 item"),
        (line(vector=[0, 0.0]), "vector: Value error, is zero, which has no cosine"),
        (line(vector=[1], min_cosine=2), "min_cosine: Input should be less than or equal to 1"),
        (line(entities={}), "entities: Input should be a valid"),
        (line(entities=[{"start": 0, "end": 1}]), "entities.0.label: Field required"),
        (line(entities=[{**ENTITY, "end": 0}]), "entities.0.end: Value error, must be greater"),
        (line(entities=[{**ENTITY, "start": -1}]), "entities.0.start: Input should be greater"),
        (line(entities=[{**ENTITY, "label": ""}]), "entities.0.label: String should have at"),
        (line(entities=[{**ENTITY, "start": "0"}]), "entities.0.start: Input should be a valid"),
        (line(entities=[ENTITY, ENTITY]), "entities: Value error, an entity is listed twice"),
    ],
)
def test_a_line_that_is_no_case_is_refused_by_its_number(wrong: bytes, reason: str) -> None:
    good = line(label="x")
    with pytest.raises(GoldenSetError) as refusal:
        parse(b"\n".join([good, good, wrong, good]), "golden.jsonl")
    said = str(refusal.value)
    assert said.startswith(f"golden.jsonl, line 3: not a case of a golden set: {reason}")
    assert "\n" not in said


def test_cases_of_two_kinds_are_refused() -> None:
    with pytest.raises(GoldenSetError, match="line 2: is judged as numbers, and line 1 as labels"):
        parse(line(label="x") + b"\n" + line(value=1), "set")


@given(st.binary(max_size=40))
def test_whatever_bytes_there_are_they_are_read_or_refused_in_one_line(content: bytes) -> None:
    try:
        said = ""
        parse(content, "set")
    except GoldenSetError as refusal:
        said = str(refusal)
    assert "\n" not in said
    assert said.startswith("set, line ") or not said


def test_of_a_folder_the_file_is_counted_or_its_mistake_is_told(tmp_path: Path) -> None:
    assert read_golden(tmp_path) is None
    file = tmp_path / "golden.jsonl"
    file.write_bytes(line(label="x") + b"\n")
    assert read_golden(tmp_path) == GoldenFile(1)
    file.write_bytes(b"{}")
    found = read_golden(tmp_path)
    assert found
    assert (found.mistake or "").startswith("golden.jsonl, line 1: not a case")
    file.unlink()
    file.mkdir()
    assert read_golden(tmp_path) == GoldenFile(0, "golden.jsonl: cannot be read: Is a directory")


def said(golden: GoldenFile | None, text: str = "") -> list[str]:
    models = {"model": replace(MODEL, golden=golden)}
    check = golden_sets.golden_set_can_be_read
    return [f"{one.severity}: {one}" for one in found(check, stage_that_asks(text, models=models))]


def test_a_set_that_cannot_be_read_is_refused_by_file_and_line() -> None:
    broken = GoldenFile(0, "golden.jsonl, line 7: not a case of a golden set: label: wrong")
    assert said(broken) == [
        "refusal: model/golden.jsonl, line 7: not a case of a golden set: label: wrong"
    ]


def test_a_set_of_fewer_cases_than_verify_asks_for_is_warned_of_before_a_deployment() -> None:
    assert said(GoldenFile(99)) == [
        "warning: stages.toml: dev.verify.min_cases = 100: model/golden.jsonl has 99: the release"
        " will not pass; add cases, or ask for fewer"
    ]
    assert said(GoldenFile(100)) == said(GoldenFile(1), "verify.min_cases = 1") == said(None) == []
    assert said(GoldenFile(1), 'mode = "batch"') == []
