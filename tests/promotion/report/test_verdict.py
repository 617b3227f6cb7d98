"""The first line, and what must not be missed below it."""

import pytest

from promotion.evidence import Verification
from promotion.release import Lineage, Source
from promotion.report import Ending, ReportData
from promotion.report.parts import Tone
from promotion.report.verdict import verdict, warnings
from tests.promotion.releases import release, verification


def data(
    *evidence: Verification, forced: str | None = None, ending: Ending | None = None
) -> ReportData:
    lineage = Lineage(stage="dev", release="dev-000004", forced=forced)
    changed = {"evidence": evidence, "lineage": lineage}
    return ReportData(release().model_copy(update=changed), ending=ending)


PASSED, FAILED = verification(), verification(passed=False)
DONE = Ending("promoted", "it had passed in dev")


@pytest.mark.parametrize(
    ("reported", "headline", "tone"),
    [
        (data(), "has no evidence: it was not verified where it runs", "warn"),
        (data(PASSED), "passed its only check", "good"),
        (data(FAILED), "failed 1 of 1 checks", "bad"),
        (data(FAILED, PASSED), "passed its only check", "good"),  # the latest counts
        (
            data(PASSED.model_copy(update={"checks": ()})),
            "has evidence without a check in it",
            "bad",
        ),
        (data(PASSED, ending=DONE), "promoted", "good"),
        (data(ending=DONE), "promoted", "warn"),
        (data(PASSED, forced="now", ending=DONE), "promoted by force", "warn"),
        (data(PASSED, ending=Ending("failed", "locked")), "failed", "bad"),
        (data(FAILED, ending=Ending("rolled back", "worse")), "rolled back", "bad"),
        (data(PASSED, ending=Ending("rolled back", "asked for")), "rolled back", "warn"),
    ],
)
def test_the_headline_is_the_outcome_or_else_what_the_evidence_says(
    reported: ReportData, headline: str, tone: Tone
) -> None:
    found = verdict(reported)
    assert (found.headline, found.tone) == (f"dev-000001 {headline}", tone)


def test_what_failed_stands_below_the_headline_with_what_was_wanted() -> None:
    because = verdict(data(FAILED, ending=Ending("rolled back", "worse"))).because
    assert [(one.label, one.value, one.note) for one in because] == [
        ("Why", "worse", ""),
        ("Evidence", "failed 1 of 1 checks", ""),
        ("Failed", "entity F1: 0.850", "wanted at least 0.900"),
    ]


def test_the_reason_of_force_is_in_plain_sight() -> None:
    (warning,) = warnings(data(PASSED, forced="the old model is wrong in law"))
    assert (warning.label, warning.value) == ("Forced", "the old model is wrong in law")


def test_changes_that_are_in_no_commit_are_pointed_out() -> None:
    reported = release().model_copy(update={"source": Source(commit="c" * 40, clean=False)})
    (warning,) = warnings(ReportData(reported))
    assert warning.value == "The commit does not say what was deployed."
