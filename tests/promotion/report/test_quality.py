"""The sections on the golden set: figures by its evaluator, and the cases that were not right."""

import json
from typing import Any

import pytest

from promotion.evidence import Golden, Verification
from promotion.report import ReportData, html, markdown
from promotion.report.parts import Section
from promotion.report.quality import golden_set, wrong_cases
from promotion.report.verdict import verdict, warnings
from promotion.verifying import checks
from promotion.verifying.golden import parse, score
from stacks.settings import VerifySettings
from tests.promotion.releases import release, verification


def content(*cases: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(case) for case in cases).encode()


def scored(golden: bytes, *found: Any) -> Golden:
    read = parse(golden, "set")
    bodies = (json.dumps({"predictions": [one]}).encode() for one in found)
    return score(read, [read.read(body) for body in bodies])


def reported(golden: Golden | None, texts: bytes | None = None, **more: Any) -> ReportData:
    found = verification().model_copy(update={"golden": golden, **more})
    wanted = VerifySettings(min_cases=1, min_accuracy=0)
    every = tuple(checks.quality(found, wanted, excused=bool(more.get("not_compared"))))
    with_checks = found.model_copy(update={"checks": every})
    changed = release().model_copy(update={"evidence": (with_checks,)})
    return ReportData(changed, golden=texts)


def cells(section: Section) -> dict[str, list[list[str]]]:
    return {
        table.caption: [[cell.text for cell in row] for row in table.rows]
        for table in section.tables
    }


SENTIMENT = content(
    {"input": {"text": ["What a day"]}, "label": "good"},
    {"input": {"text": ["What a mess"]}, "label": "bad"},
    {"input": {"text": ["Well"]}, "label": "bad"},
)


def test_a_classifier_has_its_accuracy_f1_by_label_and_a_confusion_of_labels() -> None:
    section = golden_set(reported(scored(SENTIMENT, "good", "bad", "good")))
    assert [(one.label, one.value) for one in section.figures] == [
        ("Cases", "3"),
        ("Right cases", "2"),
        ("Accuracy", "0.667"),
    ]
    found = cells(section)
    assert [row[0] for row in found["F1 by label"]] == ["bad", "good"]
    assert found["Confusion: the right label in a row, the given one in a column"] == [
        ["bad", "1", "1"],
        ["good", "-", "1"],
    ]


def test_a_regressor_has_its_mean_absolute_error_and_an_encoder_its_mean_cosine() -> None:
    numbers = scored(content({"input": 1, "value": 2}, {"input": 1, "value": 4}), 3, 4)
    assert cells(golden_set(reported(numbers)))["Metrics"] == [
        ["mean absolute error", "0.5", "-", "2"]
    ]
    vectors = scored(content({"input": 1, "vector": [1, 0]}), [2, 0])
    assert cells(golden_set(reported(vectors)))["Metrics"] == [["mean cosine", "1", "-", "1"]]


def test_the_wrong_cases_are_named_by_their_lines_without_their_texts() -> None:
    reports = reported(scored(SENTIMENT, "good", "bad", "good"))
    assert cells(wrong_cases(reports)) == {"Cases that were not right": [["3", "good"]]}
    for page in (html(reports), markdown(reports)):
        assert "Well" not in page
        assert "berth report --texts" in page


def test_with_their_texts_where_they_are_asked_for() -> None:
    reports = reported(scored(SENTIMENT, "good", "bad", "good"), SENTIMENT)
    assert cells(wrong_cases(reports)) == {
        "Cases that were not right": [["3", 'Well: {"label": "bad"}', "good"]]
    }


def test_another_golden_set_than_that_of_the_evidence_shows_no_text() -> None:
    reports = reported(scored(SENTIMENT, "good", "bad", "good"), SENTIMENT + b"\n")
    assert "Well" not in html(reports)


def test_spans_are_marked_in_their_text() -> None:
    entities = [{"start": 0, "end": 4, "label": "PER"}]
    golden = content({"input": {"text": ["Anna lives in Bonn"]}, "entities": entities})
    found = [{"start": 0, "end": 4, "label": "ORG"}, {"start": 14, "end": 18, "label": "PER"}]
    reports = reported(scored(golden, found), golden)
    assert cells(wrong_cases(reports)) == {
        "Cases that were not right": [
            ["1", "Anna [PER] lives in Bonn", "Anna [(other)] lives in Bonn [PER]"]
        ]
    }
    assert "<mark>Anna</mark> [PER] lives in Bonn</td>" in html(reports)
    assert "**Anna** \\[PER\\] lives in Bonn" in markdown(reports)


@pytest.mark.parametrize("found", [None, 3, [["a"]], [[0, 99, "X"]], [[3, 1, "X"]], [[0, 2, 5]]])
def test_spans_that_another_version_wrote_in_another_form_mark_nothing(found: Any) -> None:
    entities = [{"start": 0, "end": 4, "label": "PER"}]
    golden = content({"input": "Anna", "entities": entities})
    measured = scored(golden, [])
    (wrong,) = measured.wrong
    changed = measured.model_copy(update={"wrong": (wrong.model_copy(update={"found": found}),)})
    (row,) = cells(wrong_cases(reported(changed, golden)))["Cases that were not right"]
    assert row == ["1", "Anna [PER]", "Anna"]


def test_a_changed_set_is_pointed_out_with_both_sizes_and_both_results() -> None:
    ours = content({"input": 1, "label": "good"})
    before, on_former = (
        scored(SENTIMENT, "good", "bad", "bad"),
        scored(SENTIMENT, "bad", "bad", "bad"),
    )
    reports = reported(scored(ours, "good"), former_golden=before, golden_on_former=on_former)
    (warning,) = warnings(reports)
    assert (warning.label, warning.value) == ("Another golden set", "3 cases → 1")
    section = golden_set(reports)
    figures = {one.label: (one.value, one.note) for one in section.figures}
    assert figures["Accuracy"] == ("1.000", "")  # of another set: compared with none
    assert figures["On the former golden set"] == ("0.667", "▼ -0.333 against 1.000")
    assert "F1 by label, on the former golden set" in cells(section)
    wrong = wrong_cases(reports)
    assert wrong.words == (
        "None of golden.jsonl.",
        "1 of 3, by their lines in the former release's golden set.",
    )
    assert cells(wrong) == {"Cases that were not right, of the former golden set": [["1", "bad"]]}


def evidence(**changed: Any) -> Verification:
    return verification().model_copy(update=changed)


def test_what_was_not_judged_is_never_shown_as_passed() -> None:
    reports = reported(None)
    assert verdict(reports).headline == "dev-000001 was not judged, and passed 0 of 1 checks"
    assert verdict(reports).tone == "bad"
    assert "Quality was not judged" in html(reports)
    for page in (html(reports), markdown(reports)):
        assert "! not judged" in page
        assert "✓ passed" not in page


def test_what_was_not_compared_says_why_and_is_no_good_news_though_it_goes_on() -> None:
    golden = scored(SENTIMENT, "good", "bad", "bad")
    reports = reported(golden, not_compared="the set of dev-000000 is gone", former_golden=golden)
    changed = golden.model_copy(update={"sha256": "1" * 64})
    reports = reported(changed, not_compared="the set is gone", former_golden=golden)
    found = verdict(reports)
    assert (found.headline, found.tone) == (
        "dev-000001 was not compared, and passed 2 of 3 checks",
        "warn",
    )
    assert found.because[0].value == "accuracy drop: the set is gone"


def test_the_first_release_of_a_stage_has_nothing_to_be_compared_with() -> None:
    found = verdict(reported(scored(SENTIMENT, "good", "bad", "bad")))
    assert found.tone == "good"
    assert found.headline == (
        "dev-000001 passed 2 checks; there is no former release to compare with"
    )
