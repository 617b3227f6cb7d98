"""The example's corpus, the spans it makes, and how good it is."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.bundle.ner import Span, batches, merge, normalized, read_terms, windows
from model.example.corpus import LABELS, Author
from model.example.evaluation import scores
from model.example.words import HELD_OUT_EVERY, lists, templates
from tests import berth_cli


def test_the_same_seed_writes_the_same_sentences() -> None:
    first, second = (Author(7, held_out=False).sentences(50) for _ in range(2))
    assert first == second
    assert Author(8, held_out=False).sentences(50) != first


@pytest.mark.parametrize("held_out", [False, True])
def test_an_entity_is_the_text_at_its_place(held_out: bool) -> None:
    for sentence in Author(1, held_out=held_out).sentences(300):
        for entity in sentence.entities:
            assert sentence.text[entity.start : entity.end] == entity.text
            assert entity.label in LABELS


def test_training_and_test_share_no_form_of_sentence() -> None:
    assert not set(templates("train")) & set(templates("held_out"))


def test_training_holds_no_held_out_name() -> None:
    text = "\n".join(sentence.text for sentence in Author(0, held_out=False).sentences(8000))
    used = set(re.findall(r"\w+", text))
    for key in ("cities", "companies", "first_names", "surnames"):
        held_out = {name for name in lists()[key][::HELD_OUT_EVERY] if name.isalpha()}
        known = {name for name in lists()[key] if name not in held_out}
        others = {word for other in lists().values() for name in other for word in name.split()}
        # A name that another list gives to training too (Sofia, a city) is not held out.
        assert len(held_out & used - others - known) == 0


def test_scores_count_bounds_and_label() -> None:
    expected = [[("PER", 0, 4), ("LOC", 9, 12)], [("ORG", 0, 3)]]
    predicted = [[("PER", 0, 4), ("LOC", 8, 12)], [("PER", 0, 3)]]
    micro = scores(expected, predicted)["micro"]
    assert (micro.right, micro.expected, micro.predicted) == (1, 3, 3)
    assert micro.f1 == pytest.approx(1 / 3)


TWO = ("PER", "LOC")


Word = tuple[int, int, list[float]]  # start, end, probabilities


def word(start: int, end: int, tag: str) -> Word:
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    return (start, end, [0.96 if name == tag else 0.01 for name in tags])


def spans_of(
    text: str,
    words: list[Word],
    terms: frozenset[str] = frozenset(),
    word_ids: list[int] | None = None,
) -> list[Span]:
    ids = list(range(len(words))) if word_ids is None else word_ids
    offsets = [(start, end) for start, end, _ in words]
    tags = np.array([tags for _, _, tags in words])
    return merge(text, ids, offsets, tags, labels=TWO, false_positives=terms)


def test_words_of_one_name_make_one_span() -> None:
    text = "Ann Lee saw Rome"
    words = [
        word(0, 3, "B-PER"),
        word(4, 7, "I-PER"),
        word(8, 11, "O"),
        word(12, 16, "B-LOC"),
    ]
    spans = spans_of(text, words)
    assert [(s["text"], s["label"], s["start"], s["end"]) for s in spans] == [
        ("Ann Lee", "PER", 0, 7),
        ("Rome", "LOC", 12, 16),
    ]
    assert all(type(span["score"]) is float for span in spans)


def test_the_pieces_of_a_word_decide_together() -> None:
    pieces = [word(0, 2, "B-LOC"), word(2, 3, "O"), word(3, 4, "B-LOC")]
    (span,) = spans_of("Rome", pieces, word_ids=[0, 0, 0])
    assert (span["text"], span["label"]) == ("Rome", "LOC")
    assert span["score"] == pytest.approx((0.97 + 0.02 + 0.97) / 3)


def test_a_name_right_after_another_is_a_span_of_its_own() -> None:
    words = [word(0, 3, "B-PER"), word(4, 8, "B-LOC"), word(9, 12, "I-LOC")]
    found = spans_of("Ann Cape Cod", words)
    assert [(s["text"], s["label"]) for s in found] == [("Ann", "PER"), ("Cape Cod", "LOC")]


def test_a_term_of_the_list_is_no_entity_whatever_its_case() -> None:
    terms = read_terms(["# remark", "rome  # a file system", ""])
    assert spans_of("ROME", [word(0, 4, "B-LOC")], terms) == []
    assert normalized("New \n York") == "new york"


PROBABILITIES = st.lists(st.floats(0.001, 1), min_size=5, max_size=5).map(
    lambda tags: [tag / sum(tags) for tag in tags]
)


@given(st.lists(st.tuples(st.text("ab ", min_size=1, max_size=5), PROBABILITIES), max_size=12))
def test_spans_are_pieces_of_the_text_in_order_and_apart(
    parts: list[tuple[str, list[float]]],
) -> None:
    text, words = "", []
    for part, tags in parts:
        words.append((len(text), len(text) + len(part), tags))
        text += part
    spans = spans_of(text, words)
    for span in spans:
        assert span["text"] == text[span["start"] : span["end"]]
        assert span["label"] in TWO
        assert 0 <= span["score"] <= 1.0001
    for one, next_one in pairwise(spans):
        assert one["end"] <= next_one["start"]


@given(count=st.integers(1, 5000), size=st.integers(70, 600))
def test_windows_keep_every_token_once(count: int, size: int) -> None:
    kept: list[int] = []
    for start, end, first, last in windows(count, size):
        assert start <= first <= last <= end <= count
        assert end - start <= size
        kept.extend(range(first, last))
    assert kept == list(range(count))


@given(st.lists(st.integers(1, 510), min_size=1, max_size=40))
def test_batches_hold_every_row_once(lengths: list[int]) -> None:
    assert sorted(index for group in batches(lengths) for index in group) == list(
        range(len(lengths))
    )


@pytest.mark.slow
def test_the_model_finds_held_out_names_in_held_out_sentences(built_model: Path) -> None:
    report = json.loads(built_model.with_name("model-report.json").read_text())
    assert report["scores"]["micro"]["f1"] >= 0.90
    assert set(report["scores"]) == {*LABELS, "micro"}
    assert report["scores"]["micro"]["expected"] > 1500


@pytest.mark.slow
def test_the_golden_set_is_of_sentences_that_training_never_sees(built_model: Path) -> None:
    lines = (built_model / "golden.jsonl").read_text("utf-8").splitlines()
    written = {sentence.text: sentence for sentence in Author(0, held_out=False).sentences(8000)}
    labels = set()
    for case in map(json.loads, lines):
        (text,) = case["input"]["text"]
        assert text not in written
        for entity in case["entities"]:
            labels.add(entity["label"])
            assert text[entity["start"] : entity["end"]].strip()
    assert (len(set(lines)), labels) == (200, set(LABELS))


@pytest.fixture(scope="module")
def predictor(built_model: Path) -> Any:
    from mlflow import pyfunc

    return pyfunc.load_model(str(built_model))


@pytest.mark.slow
def test_it_finds_what_the_readme_and_the_demo_show(predictor: Any, built_model: Path) -> None:
    example = json.loads((built_model / "input_example.json").read_text())
    texts = [row[0] for row in example["data"]]
    found = predictor.predict(
        {"text": [*texts, "Marta Keller joined Northwind Labs in Lisbon."]},
    )
    assert [[(span["text"], span["label"]) for span in spans] for spans in found] == [
        [("Maria Lopez", "PER"), ("Siemens", "ORG"), ("Lisbon", "LOC"), ("3 March 2024", "DATE")],
        [
            ("Bank of Geneva", "ORG"),
            ("$4.5 million", "MONEY"),
            ("Tom Fisher", "PER"),
            ("Nairobi", "LOC"),
        ],
        [],
        [("Marta Keller", "PER"), ("Northwind Labs", "ORG"), ("Lisbon", "LOC")],
    ]


@pytest.mark.slow
def test_a_texts_spans_do_not_depend_on_the_batch(predictor: Any) -> None:
    texts = [sentence.text for sentence in Author(3, held_out=True).sentences(40)]
    texts += ["", "   ", "Ann\nsaw\tOslo", "Zürich 🙂 Paris", " ".join(texts)]
    together = predictor.predict({"text": texts})
    for text, spans in zip(texts, together, strict=True):
        (alone,) = predictor.predict({"text": [text]})
        assert [(s["text"], s["label"], s["start"], s["end"]) for s in spans] == [
            (s["text"], s["label"], s["start"], s["end"]) for s in alone
        ]
        assert all(text[s["start"] : s["end"]] == s["text"] for s in spans)


@pytest.mark.slow
def test_a_text_longer_than_the_models_window_is_read_to_its_end(predictor: Any) -> None:
    text = "The garden is quiet. " * 400 + "Marta Keller joined Northwind Labs in Lisbon."
    (spans,) = predictor.predict({"text": [text]})
    assert ("Marta Keller", "PER") in {(span["text"], span["label"]) for span in spans}


@pytest.mark.slow
def test_the_bundle_stands_alone_and_holds_no_pickle(built_model: Path, tmp_path: Path) -> None:
    """In a fresh process, from elsewhere, offline, with warnings as errors of ours."""
    names = {file.name for file in built_model.rglob("*") if file.is_file()}
    assert {"MLmodel", "python_env.yaml", "requirements.txt", "serving_input_example.json"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".bin", ".pt"))]
    pins = (built_model / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in pins), pins
    code = (
        "import sys; from mlflow import pyfunc; model = pyfunc.load_model(sys.argv[1]);"
        "print(model.predict({'text': ['Marta Keller left.']})[0][0]['text'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(built_model)],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "Marta Keller"), done.stderr


@pytest.mark.slow
def test_nothing_is_built_again_when_nothing_changed(root: Path, built_model: Path) -> None:
    before = (built_model / "MLmodel").stat()
    done = berth_cli.run("model", "--out", str(built_model), folder=root)
    assert done.returncode == 0
    assert "up to date" in done.stderr
    assert (built_model / "MLmodel").stat() == before
