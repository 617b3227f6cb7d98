"""How responses are scored on a golden set, by the evaluator of its cases."""

import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion import PromotionError
from promotion.evidence import Golden, Spans
from promotion.verifying.golden import GoldenSet, cosine, is_equal, parse, score
from stacks.compatibility.golden_set import Span
from tests.promotion.releases import untimed

Found = frozenset[Span] | None
LABELS = ("PER", "LOC", "a label.1")
spans = st.builds(
    lambda start, length, label: (start, start + length, label),
    st.integers(0, 20),
    st.integers(1, 5),
    st.sampled_from(LABELS),
)
span_sets = st.frozensets(spans, max_size=4)


def golden_set(key: str, *right: Any, **more: Any) -> GoldenSet:
    lines = (json.dumps({"input": "x", key: one, **more}) for one in right)
    return parse("\n".join(lines).encode(), "set")


def of_spans(*right: frozenset[Span]) -> GoldenSet:
    listed = (
        [{"start": start, "end": end, "label": label} for start, end, label in one] for one in right
    )
    return golden_set("entities", *listed)


def body(found: Any) -> bytes:
    return json.dumps({"predictions": [found]}).encode()


def scored(golden: GoldenSet, *found: Any) -> Golden:
    """The score of responses; None stands for a request without a response."""
    return score(golden, [None if one is None else golden.read(body(one)) for one in found])


@given(st.lists(st.tuples(span_sets, st.none() | span_sets), min_size=1, max_size=8))
@untimed
def test_scores_are_what_counting_span_by_span_gives(
    pairs: list[tuple[frozenset[Span], Found]],
) -> None:
    golden = score(of_spans(*(wanted for wanted, _ in pairs)), [found for _, found in pairs])
    assert golden.cases == len(pairs)
    assert golden.exact == sum(wanted == found for wanted, found in pairs)
    assert [one.case for one in golden.wrong] == [
        at for at, (wanted, found) in enumerate(pairs, 1) if wanted != found
    ]
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
    golden = score(of_spans(*wanted), wanted)
    assert (golden.exact, golden.all.f1, golden.accuracy) == (len(wanted), 1, 1)


def test_a_case_without_an_answer_has_found_none_of_its_spans_and_is_not_right() -> None:
    golden = score(of_spans(frozenset({(0, 3, "PER")}), frozenset()), [None, None])
    assert golden.exact == 0
    assert golden.labels == {"PER": Spans(expected=1, found=0, right=0)}


def test_a_label_that_the_golden_set_does_not_have_is_not_kept_as_it_may_be_a_text() -> None:
    found = [frozenset({(0, 3, "PER"), (4, 9, "Erika Mustermann")})]
    golden = score(of_spans(frozenset({(0, 3, "PER")})), found)
    assert golden.labels == {
        "(other)": Spans(expected=0, found=1, right=0),
        "PER": Spans(expected=1, found=1, right=1),
    }
    assert [one.found for one in golden.wrong] == [[[0, 3, "PER"], [4, 9, "(other)"]]]


def test_a_span_counts_where_its_bounds_and_its_label_are_right() -> None:
    wanted = [frozenset({(0, 4, "PER"), (9, 12, "LOC")}), frozenset({(0, 3, "ORG")})]
    found = [frozenset({(0, 4, "PER"), (8, 12, "LOC")}), frozenset({(0, 3, "PER")})]
    golden = score(of_spans(*wanted), found)
    assert golden.all == Spans(expected=3, found=3, right=1)
    assert list(golden.labels) == ["LOC", "ORG", "PER"]


names = st.sampled_from(["good", "bad", 3, True])


@given(st.lists(st.tuples(names, st.none() | names | st.just("else")), min_size=1, max_size=20))
@untimed
def test_labels_are_counted_right_by_right_and_confused_one_by_one(
    pairs: list[tuple[Any, Any]],
) -> None:
    golden = scored(golden_set("label", *(each for each, _ in pairs)), *(one for _, one in pairs))
    told = [(json.dumps(a).strip('"'), json.dumps(b).strip('"')) for a, b in pairs]
    assert golden.exact == sum(a == b for a, b in told)
    known = {a for a, _ in told}
    for label in known:
        of_it = golden.labels[label]
        assert of_it.expected == sum(a == label for a, _ in told)
        assert of_it.found == sum(b == label for _, b in told)
        assert of_it.right == sum(a == b == label for a, b in told)
        given_ = golden.confusion[label]
        assert sum(given_.values()) == of_it.expected
        assert given_.get(label, 0) == of_it.right
        assert given_.get("(none)", 0) == sum(a == label and b == "null" for a, b in told)
    assert sum(row.get("(other)", 0) for row in golden.confusion.values()) == sum(
        b not in known | {"null"} for _, b in told
    )


@pytest.mark.parametrize(
    "found",
    [
        "good",
        ["good"],
        {"label": "good", "score": 0.2},
        [{"label": "bad", "score": 0.2}, {"label": "good", "score": 0.8}],
        {"prediction": "good"},
    ],
)
def test_a_label_is_read_of_what_classifiers_answer(found: Any) -> None:
    assert scored(golden_set("label", "good"), found).exact == 1


def test_a_label_that_is_not_in_the_set_or_was_not_given_is_no_label_of_the_evidence() -> None:
    golden = scored(golden_set("label", "good", "good"), "Erika Mustermann", None)
    assert set(golden.labels) == {"good", "(other)"}
    assert golden.confusion == {"good": {"(none)": 1, "(other)": 1}}
    assert [one.found for one in golden.wrong] == ["(other)", None]


finite = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(finite, st.none() | finite), min_size=1, max_size=9), st.floats(0, 10))
@untimed
def test_numbers_are_right_within_their_tolerance_and_their_mean_error_is_told(
    pairs: list[tuple[float, float | None]], tolerance: float
) -> None:
    golden = scored(
        golden_set("value", *(each for each, _ in pairs), tolerance=tolerance),
        *(found for _, found in pairs),
    )
    errors = [abs(found - right) for right, found in pairs if found is not None]
    surely = sum(error <= tolerance for error in errors)
    about = [
        abs(found - right) <= tolerance + 1e-6 * abs(right)
        for right, found in pairs
        if found is not None
    ]
    assert surely <= golden.exact <= sum(about)
    mean = golden.metrics["mean absolute error"]
    if not errors:
        assert mean is None
    else:
        assert mean == pytest.approx(math.fsum(errors) / len(errors))


def test_a_number_is_right_as_far_as_its_tolerance_and_no_farther() -> None:
    golden = golden_set("value", 10, 10, 10, 10, tolerance=2)
    assert [one.case for one in scored(golden, 12, 8, 12.1, 7.9).wrong] == [3, 4]
    exact = golden_set("value", 10, 10, 0)
    assert [one.case for one in scored(exact, 10.000001, 10.001, 1e-9).wrong] == [2, 3]


@pytest.mark.parametrize("found", [2, 2.0, [2], [[2]], {"score": 2}, {"value": 2}, {"0": 2}])
def test_a_number_is_read_of_what_regressors_answer(found: Any) -> None:
    assert scored(golden_set("value", 2), found).exact == 1


directions = st.lists(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=5)


@given(directions, st.floats(1e-3, 1e3))
@untimed
def test_a_vector_is_right_whatever_its_length_and_wrong_the_other_way_round(
    right: list[float], by: float
) -> None:
    golden = golden_set("vector", right, right)
    found = scored(golden, [by * each for each in right], [-by * each for each in right])
    assert [one.case for one in found.wrong] == [2]
    assert found.metrics["mean cosine"] == pytest.approx(0, abs=1e-9)


@given(directions, directions)
@untimed
def test_a_cosine_is_the_same_both_ways_and_between_its_bounds(
    one: list[float], other: list[float]
) -> None:
    assert cosine(one, other) == pytest.approx(cosine(other, one))
    assert -1 <= cosine(one, other) <= 1
    assert cosine(one, one) == pytest.approx(1)


def test_vectors_of_another_length_of_zeros_and_of_huge_numbers_have_a_cosine() -> None:
    assert cosine([1, 0], [1, 0, 0]) == cosine([1, 0], [0, 0]) == 0
    assert cosine([1e200, 0], [1e300, 0]) == pytest.approx(1)
    assert cosine([1e-200, 0], [1e-300, 0]) == pytest.approx(1)


def test_a_case_says_from_which_cosine_it_is_right() -> None:
    turned = [1.0, 0.3]  # a cosine of 0.958
    assert scored(golden_set("vector", [1, 0]), turned).exact == 0
    assert scored(golden_set("vector", [1, 0], min_cosine=0.95), turned).exact == 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 0.5, "a", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(_json, _json)
@untimed
def test_json_is_equal_where_it_is_written_alike(one: Any, other: Any) -> None:
    def told(value: Any) -> str:
        """As it is written, 1.0 as 1."""
        return json.dumps(value, sort_keys=True).replace("1.0", "1")

    assert is_equal(one, other) == (told(one) == told(other))
    golden = golden_set("output", one)
    assert score(golden, [golden.read(json.dumps(other).encode())]).exact == is_equal(one, other)


def test_json_is_of_its_types_but_for_whole_numbers() -> None:
    assert is_equal({"a": [1, None]}, {"a": [1.0, None]})
    pairs: list[tuple[Any, Any]] = [(1, True), (0, False), (None, False), ("1", 1), ([], {})]
    for one, other in pairs:
        assert not is_equal(one, other)
        assert not is_equal([one], [other])
        assert not is_equal({"a": one}, {"a": other})


def test_a_response_of_json_that_is_wrong_is_not_kept_as_it_may_have_texts() -> None:
    golden = golden_set("output", 1)
    found = score(golden, [golden.read(b'"Erika Mustermann"')])
    assert [(one.case, one.found) for one in found.wrong] == [(1, None)]


def test_the_first_wrong_cases_are_named_and_all_are_counted() -> None:
    found = scored(golden_set("value", *range(100)), *([-1] * 100))
    assert [one.case for one in found.wrong] == list(range(1, 21))
    assert (found.exact, found.accuracy) == (0, 0)


def test_a_set_is_named_by_the_digest_of_its_bytes() -> None:
    content = b'{"input": 1, "label": "x"}\n'
    assert parse(content, "set").sha256 == hashlib.sha256(content).hexdigest()


def test_what_is_no_golden_set_is_refused_as_a_promotion_is() -> None:
    with pytest.raises(PromotionError, match="of dev-000001, line 2: not a case"):
        parse(b'{"input": 1, "label": "x"}\n{}', "golden.jsonl of dev-000001")
