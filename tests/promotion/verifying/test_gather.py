"""Evidence gathered on an endpoint whose container answers what a case asks it to."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.stage import Stage
from promotion import PromotionError
from promotion.evidence import Verification
from promotion.release import Release
from promotion.verifying.gather import gather
from tests.promotion.verifying.conftest import deployed

pytestmark = pytest.mark.slow

SetAlarm = Callable[[str, str], None]
PER, LOC = (0, 4, "PER"), (5, 9, "LOC")


def case(
    wanted: list[tuple[int, int, str]],
    found: list[tuple[int, int, str]] | None = None,
    **answered: Any,
) -> str:
    spans = [
        {"start": start, "end": end, "label": label}
        for start, end, label in (wanted if found is None else found)
    ]
    entities = [{"start": start, "end": end, "label": label} for start, end, label in wanted]
    return json.dumps(
        {"input": {"answer": {"predictions": [spans]}, **answered}, "entities": entities}
    )


def golden(*cases: str) -> bytes:
    return "".join(f"{each}\n" for each in cases).encode()


ALL_RIGHT = golden(case([PER, LOC]), case([]), case([LOC]))


def verified(
    stage: Stage,
    release: Release,
    content: bytes | None = ALL_RIGHT,
    former: Verification | None = None,
) -> Verification:
    measured = former.golden if former else None
    return gather(stage, release, content, measured, lambda *_: None)


def failed(found: Verification) -> dict[str, str]:
    """What did not pass, and what was found there."""
    assert found.passed == all(check.passed for check in found.checks)
    return {check.name: check.found for check in found.checks if not check.passed}


def test_an_endpoint_that_answers_right_and_in_time_passes(dev: Stage, alarms: SetAlarm) -> None:
    found = verified(dev, deployed(dev))
    assert failed(found) == {}
    assert [check.name for check in found.checks] == [
        "endpoint config",
        "golden set",
        "entity F1",
        "entity F1 drop",
        "latency p50",
        "latency p95",
        "latency p99",
        "errors",
        "alarms",
    ]
    assert found.golden
    assert (found.golden.cases, found.golden.exact, found.golden.all.f1) == (3, 3, 1)
    assert found.latency
    assert (found.latency.requests, found.latency.errors) == (20, 0)
    assert sum(bar.answers for bar in found.latency.histogram) == 20
    assert found.alarms
    assert (found.alarms.watched, found.alarms.went_off) == (3, ())


def test_an_image_that_nobody_scanned_does_not_pass_where_a_scan_is_asked_for(
    dev: Stage, alarms: SetAlarm
) -> None:
    found = verified(dev, deployed(dev, image_findings="critical"))
    assert list(failed(found)) == ["image scan"]
    assert failed(found)["image scan"].startswith("no scan: ")


def test_an_asynchronous_endpoint_is_asked_through_its_queue(qa: Stage) -> None:
    """And what it cannot answer lies under its failure path."""
    content = golden(case([PER]), case([LOC], status=400))
    release = deployed(qa, mode="async", requests_per_second=4)
    found = verified(qa, release, content)
    assert found.golden
    assert found.golden.exact == 1
    assert found.golden.all.f1 == pytest.approx(2 / 3)
    assert found.latency
    assert (found.latency.requests, found.latency.errors) == (4, 2)
    assert failed(found)["errors"].startswith("3 of 6 requests, as: ")


def test_spans_that_are_not_found_fail_the_f1(dev: Stage) -> None:
    found = verified(dev, deployed(dev), golden(case([PER, LOC], [PER]), case([PER], [LOC])))
    assert failed(found)["entity F1"] == "0.400"
    assert "errors" not in failed(found)


def test_what_is_no_longer_found_fails_by_its_label(dev: Stage) -> None:
    content = golden(case([PER, LOC], [LOC]), case([PER]))
    before = verified(dev, deployed(dev), content)
    assert before.golden
    labels = before.golden.labels
    better = labels | {"PER": labels["PER"].model_copy(update={"found": 2, "right": 2})}
    former = before.golden.model_copy(update={"labels": better})
    found = verified(
        dev,
        deployed(dev, max_entity_f1_drop=0.5, min_entity_f1=0),
        content,
        before.model_copy(update={"golden": former}),
    )
    assert failed(found) == {"PER F1 drop": "0.333 (1.000 to 0.667)"}
    assert found.former_golden == former


def test_a_release_is_not_held_against_another_golden_set(dev: Stage) -> None:
    before = verified(dev, deployed(dev))
    found = verified(dev, deployed(dev, min_entity_f1=0), golden(case([PER], [])), before)
    assert failed(found) == {}
    assert found.former_golden is None


def test_without_a_golden_set_it_does_not_pass(dev: Stage) -> None:
    found = verified(dev, deployed(dev), None)
    assert failed(found) == {
        "golden set": "the model folder has no golden.jsonl",
        "latency p50": "no golden set to send",
        "latency p95": "no golden set to send",
        "latency p99": "no golden set to send",
    }
    assert (found.golden, found.latency) == (None, None)


def test_an_error_fails_and_its_reason_is_shown(dev: Stage) -> None:
    content = golden(case([PER]), case([LOC], status=500))
    found = verified(dev, deployed(dev, min_entity_f1=0), content)
    reason = failed(found)["errors"]
    assert reason.startswith("11 of 22 requests, as: An error occurred (ModelError)")
    assert found.golden
    assert found.golden.labels["LOC"].found == 0
    assert failed(verified(dev, deployed(dev, min_entity_f1=0, max_errors=11), content)) == {}


def test_an_answer_that_cannot_be_read_is_an_error(dev: Stage) -> None:
    content = golden(json.dumps({"input": {"answer": {"spans": []}}, "entities": []}))
    found = verified(dev, deployed(dev), content)
    assert failed(found)["errors"].startswith("1 of 21 requests, as: the response is not {")
    assert found.golden
    assert found.golden.exact == 0


def test_answers_that_take_longer_than_asked_fail_by_the_percentile(dev: Stage) -> None:
    least = 0.001
    release = deployed(
        dev, max_latency_p50_ms=least, max_latency_p95_ms=least, max_latency_p99_ms=least
    )
    found = verified(dev, release)
    assert list(failed(found)) == ["latency p50", "latency p95", "latency p99"]


def test_another_endpoint_config_than_the_releases_fails(dev: Stage) -> None:
    other = deployed(dev).model_copy(update={"endpoint_config": "config-2"})
    assert failed(verified(dev, other)) == {"endpoint config": "config-1"}


def test_an_alarm_that_goes_off_fails_by_its_name(dev: Stage, alarms: SetAlarm) -> None:
    alarms("loud", "ALARM")
    assert failed(verified(dev, deployed(dev))) == {"alarms": "loud went off"}


def test_alarms_are_watched_through_the_bake_time(dev: Stage, alarms: SetAlarm) -> None:
    """Here until one is set off after all was asked and measured."""

    def on_step(step: str, done: float, total: float) -> None:
        if (step, done) == ("latency", total):
            alarms("quiet", "ALARM")

    found = gather(dev, deployed(dev, bake_seconds=3), ALL_RIGHT, None, on_step)
    assert failed(found) == {"alarms": "quiet went off"}
    assert found.alarms
    assert found.alarms.bake_seconds >= 3


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("batch", "a batch transform has no endpoint"),
        ("multi-model", "the models of a multi-model endpoint are not pinned by its release"),
    ],
)
def test_a_mode_without_an_endpoint_of_its_own_is_refused(
    dev: Stage, mode: str, reason: str
) -> None:
    with pytest.raises(PromotionError) as refusal:
        verified(dev, deployed(dev, mode=mode))
    assert str(refusal.value) == f"dev-000001: cannot be verified: {reason}"


def test_a_golden_set_that_cannot_be_read_is_refused_by_the_release(dev: Stage) -> None:
    with pytest.raises(PromotionError, match=r"golden\.jsonl of dev-000001, line 2: not a case"):
        verified(dev, deployed(dev), golden(case([PER]), "{}"))


@pytest.mark.parametrize("step", ["golden set", "latency", "alarms"])
def test_an_interrupt_ends_it_in_whatever_step(dev: Stage, step: str) -> None:
    def interrupted(at: str, done: float, total: float) -> None:
        if at == step:
            raise KeyboardInterrupt

    release = deployed(dev, bake_seconds=86_400)
    with pytest.raises(KeyboardInterrupt):
        gather(dev, release, ALL_RIGHT, None, interrupted)
