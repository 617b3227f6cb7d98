"""The golden set: its format, and how answers are scored on it."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion import PromotionError
from promotion.evidence import Spans
from promotion.verifying.golden import Case, Found, Span, parse, score
from tests.promotion.releases import untimed

LABELS = ("PER", "LOC", "a label.1")
spans = st.builds(
    lambda start, length, label: (start, start + length, label),
    st.integers(0, 20),
    st.integers(1, 5),
    st.sampled_from(LABELS),
)
span_sets = st.frozensets(spans, max_size=4)
inputs = st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2), max_size=2)


def line(body: object, found: frozenset[Span]) -> bytes:
    entities = [{"start": start, "end": end, "label": label} for start, end, label in found]
    return json.dumps({"input": body, "entities": entities}).encode()


def case(found: frozenset[Span]) -> Case:
    return parse(line("x", found), "set")[0]


@given(st.lists(st.tuples(inputs, span_sets), min_size=1, max_size=5), st.booleans())
@untimed
def test_each_line_is_a_case_in_its_order(
    written: list[tuple[object, frozenset[Span]]], last_line_ends: bool
) -> None:
    content = b"\n".join(line(*each) for each in written) + b"\n" * last_line_ends
    assert [(one.input, one.spans) for one in parse(content, "set")] == written


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"[", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b'{"input": 1}', "entities: Field required"),
        (b'{"input": 1, "entities": [], "note": 1}', "note: Extra inputs are not permitted"),
        (b'{"input": 1, "entities": {}}', "entities: Input should be a valid"),
        (b'{"input": 1, "entities": [{"start": 0, "end": 1}]}', "entities.0.label: Field required"),
        (line(1, frozenset({(3, 3, "PER")})), "entities.0: Value error, end must be greater than"),
        (line(1, frozenset({(-1, 3, "PER")})), "entities.0.start: Input should be greater than"),
        (line(1, frozenset({(0, 3, "")})), "entities.0.label: String should have at least 1"),
        (line(1, frozenset({("0", 3, "PER")})), "entities.0.start: Input should be a valid int"),  # type: ignore[arg-type]
        (
            json.dumps(
                {"input": 1, "entities": [{"start": 0, "end": 1, "label": "PER"}] * 2}
            ).encode(),
            "entities: Value error, an entity is listed twice",
        ),
    ],
)
def test_a_line_that_is_no_case_is_refused_by_its_number(wrong: bytes, reason: str) -> None:
    good = line({"text": ["a"]}, frozenset())
    with pytest.raises(PromotionError) as refusal:
        parse(b"\n".join([good, good, wrong, good]), "golden.jsonl of dev-000001")
    said = str(refusal.value)
    assert said.startswith(
        f"golden.jsonl of dev-000001, line 3: not a case of a golden set: {reason}"
    )
    assert "\n" not in said


def test_an_empty_file_is_no_golden_set() -> None:
    with pytest.raises(PromotionError, match="set, line 1: not a case"):
        parse(b"", "set")


@given(st.lists(st.tuples(span_sets, st.none() | span_sets), min_size=1, max_size=8))
@untimed
def test_scores_are_what_counting_span_by_span_gives(
    pairs: list[tuple[frozenset[Span], Found]],
) -> None:
    cases = [case(wanted) for wanted, _ in pairs]
    golden = score(b"set", cases, [found for _, found in pairs])
    assert golden.sha256 == hashlib.sha256(b"set").hexdigest()
    assert golden.cases == len(pairs)
    assert golden.exact == sum(wanted == found for wanted, found in pairs)
    known = {label for each, _ in pairs for _, _, label in each}
    assert golden.labels.get("(other)", Spans(expected=0, found=0, right=0)).found == sum(
        label not in known for _, found in pairs for _, _, label in found or ()
    )
    for label in known:
        wanted = [(at, one) for at, (each, _) in enumerate(pairs) for one in each]
        found = [(at, one) for at, (_, each) in enumerate(pairs) for one in each or ()]
        own = [[pair for pair in some if pair[1][2] == label] for some in (wanted, found)]
        counted = Spans(
            expected=len(own[0]), found=len(own[1]), right=len([p for p in own[0] if p in own[1]])
        )
        assert golden.labels.get(label, Spans(expected=0, found=0, right=0)) == counted
    assert 0 <= golden.all.f1 <= 1


@given(st.lists(span_sets, min_size=1, max_size=5))
@untimed
def test_who_finds_all_and_nothing_else_has_an_f1_of_1(wanted: list[frozenset[Span]]) -> None:
    golden = score(b"", [case(each) for each in wanted], wanted)
    assert (golden.exact, golden.all.f1) == (len(wanted), 1)


def test_a_case_without_an_answer_has_found_none_of_its_spans_and_is_not_exact() -> None:
    cases = [case(frozenset({(0, 3, "PER")})), case(frozenset())]
    golden = score(b"", cases, [None, None])
    assert golden.exact == 0
    assert golden.labels == {"PER": Spans(expected=1, found=0, right=0)}


def test_a_label_that_the_golden_set_does_not_have_is_not_kept_as_it_may_be_a_text() -> None:
    found = [frozenset({(0, 3, "PER"), (4, 9, "Erika Mustermann")})]
    golden = score(b"", [case(frozenset({(0, 3, "PER")}))], found)
    assert golden.labels == {
        "(other)": Spans(expected=0, found=1, right=0),
        "PER": Spans(expected=1, found=1, right=1),
    }


def test_a_span_counts_where_its_bounds_and_its_label_are_right() -> None:
    wanted = [frozenset({(0, 4, "PER"), (9, 12, "LOC")}), frozenset({(0, 3, "ORG")})]
    found = [frozenset({(0, 4, "PER"), (8, 12, "LOC")}), frozenset({(0, 3, "PER")})]
    golden = score(b"", [case(each) for each in wanted], found)
    assert golden.all == Spans(expected=3, found=3, right=1)
    assert list(golden.labels) == ["LOC", "ORG", "PER"]
