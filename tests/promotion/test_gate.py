"""What goes on to the next stage."""

import pytest

from promotion import PromotionError
from promotion.gate import check_order, missing_evidence
from stacks.settings import Settings, SettingsError, load
from tests import STAGES_FILE
from tests.promotion.releases import release, verification


@pytest.fixture(scope="module")
def stages() -> Settings:
    return load(STAGES_FILE)


@pytest.mark.parametrize(("source", "target"), [("dev", "qa"), ("qa", "prod")])
def test_a_release_goes_to_the_stage_after_its_own(
    stages: Settings, source: str, target: str
) -> None:
    check_order(stages, source, target)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("dev", "prod", "prod takes what qa has tested, .* dev, qa, prod; use --from qa"),
        ("qa", "dev", "dev is the first stage"),
        ("prod", "qa", "qa takes what dev has tested"),
        ("qa", "qa", "qa: a release is promoted to another stage than its own"),
        ("dev", "staging", "no stage 'staging'; there are dev, qa, prod"),
        ("", "qa", "no stage ''"),
    ],
)
def test_any_other_way_is_refused(stages: Settings, source: str, target: str, reason: str) -> None:
    with pytest.raises((PromotionError, SettingsError), match=reason):
        check_order(stages, source, target)


def test_the_latest_evidence_decides() -> None:
    assert missing_evidence(release()) == ("dev-000001 has no evidence: berth verify dev")
    failed, passed = verification(passed=False), verification()
    stopped = release().model_copy(update={"evidence": (passed, failed)})
    assert missing_evidence(stopped) == (
        "dev-000001 did not pass: entity F1: 0.850, wanted at least 0.900"
    )
    assert missing_evidence(release().model_copy(update={"evidence": (failed, passed)})) is None


def test_evidence_that_checked_nothing_lets_nothing_through() -> None:
    empty = verification().model_copy(update={"checks": ()})
    reason = missing_evidence(release().model_copy(update={"evidence": (empty,)}))
    assert reason == "dev-000001 did not pass: nothing was checked"
