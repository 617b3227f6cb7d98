"""What goes on to the next stage."""

from typing import Any

import pytest

from promotion import PromotionError
from promotion.evidence import Check, Verification
from promotion.gate import check_order, missing_evidence
from stacks.settings import Settings, SettingsError, StageSettings, VerifySettings, load
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


def judged(evidence: Verification, stage: StageSettings) -> str | None:
    return missing_evidence(release().model_copy(update={"evidence": (evidence,)}), stage)


def of_another_account(**changed: Any) -> Verification:
    """Evidence whose own thresholds let everything through."""
    check = Check(name="any", wanted="any", found="any", passed=None, excused=True)
    return verification().model_copy(update={"checks": (check,), **changed})


@pytest.mark.parametrize(
    ("setting", "production", "goes_on"),
    [
        ("stops", False, False),
        ("goes-on", False, True),
        ("goes-on", True, False),
        ("goes-on-in-production", True, True),
    ],
)
def test_what_was_not_judged_goes_on_by_the_own_stages_toml_alone(
    stages: Settings, setting: Any, production: bool, goes_on: bool
) -> None:
    verify = VerifySettings(unjudged=setting)
    stage = stages.stage("dev").model_copy(update={"production": production, "verify": verify})
    said = judged(of_another_account(golden=None), stage)
    reason = "dev-000001 does not pass by this stages.toml: golden set: quality was not judged"
    assert said is None if goes_on else str(said).startswith(reason)


def test_what_was_not_judged_stops_a_release_unless_its_own_settings_excuse_it() -> None:
    check = Check(name="golden set", wanted="with the model", found="none", passed=None)
    stopped = verification().model_copy(update={"checks": (check,)})
    assert missing_evidence(release().model_copy(update={"evidence": (stopped,)})) == (
        "dev-000001 did not pass: golden set: none, wanted with the model"
    )
    excused = check.model_copy(update={"excused": True})
    goes_on = verification().model_copy(update={"checks": (excused,)})
    assert missing_evidence(release().model_copy(update={"evidence": (goes_on,)})) is None


def test_evidence_of_version_0_1_is_read_and_judged(stages: Settings) -> None:
    """Spans alone, checks that passed or not, and no former release on another set."""
    golden = {
        "sha256": "9" * 64,
        "cases": 200,
        "exact": 158,
        "labels": {"PER": {"expected": 10, "found": 10, "right": 9}},
    }
    check = {"name": "entity F1", "wanted": "at least 0.8", "found": "0.9", "passed": True}
    fast = {"p50_ms": 1, "p95_ms": 1, "p99_ms": 1}
    latency = {"requests_per_second": 5, "seconds": 1, "requests": 5, "errors": 0, "histogram": []}
    evidence = Verification.model_validate(
        {
            "gathered": "2026-03-01T13:00:00Z",
            "endpoint_config": "config-1",
            "checks": [check],
            "golden": golden,
            "former_golden": None,
            "latency": {**latency, **fast},
            "alarms": None,
        }
    )
    assert evidence.golden is not None
    assert (evidence.golden.evaluator, evidence.passed, evidence.said) == ("spans", True, "passed")
    assert judged(evidence, stages.stage("dev")) is None
    fewer = evidence.golden.model_copy(update={"cases": 3})
    assert judged(evidence.model_copy(update={"golden": fewer}), stages.stage("dev")) == (
        "dev-000001 does not pass by this stages.toml: golden set: 158 of 3 cases right, wanted at"
        " least 100 cases"
    )
