"""Evidence gathered on an endpoint whose container answers what a case asks it to."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.stage import Stage
from promotion import PromotionError
from promotion.evidence import Verification
from promotion.release import Release
from promotion.verifying.gather import Former, gather
from promotion.verifying.golden import parse, score
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
    former: Former | None = None,
    example: bytes | None = None,
) -> Verification:
    return gather(stage, release, content, former, lambda *_: None, example=example)


def held_against(found: Verification, content: bytes | None = ALL_RIGHT) -> Former:
    """What a release measured, as that which the next one is held against."""
    assert found.golden
    return Former("dev-000000", found.golden, content)


def failed(found: Verification) -> dict[str, str]:
    """What did not pass, and what was found there."""
    assert found.passed == (not any(check.stops for check in found.checks))
    return {check.name: check.found for check in found.checks if check.stops}


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
    assert [check.result for check in found.checks if check.result != "passed"] == ["not compared"]
    assert found.said == "passed"
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
    said = "the model failed, and its log says why"
    assert failed(found)["errors"] == f"3 of 6 requests, as: {said}"


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
        Former("dev-000000", former, content),
    )
    assert failed(found) == {"PER F1 drop": "0.333 (1.000 to 0.667)"}
    assert found.former_golden == former


def test_a_worse_model_with_an_easy_set_is_found_out_by_the_former_releases_set(
    dev: Stage,
) -> None:
    """Requests of the former set say themselves what this model answers: half of it wrong."""
    theirs = golden(case([PER], []), case([LOC]))
    right = score(parse(theirs, "set"), [frozenset([PER]), frozenset([LOC])])
    found = verified(dev, deployed(dev), golden(case([])), Former("dev-000000", right, theirs))
    assert failed(found) == {
        "entity F1 drop": "0.333 (1.000 to 0.667)",
        "PER F1 drop": "1.000 (1.000 to 0.000)",
    }
    assert {check.name: check.found for check in found.checks}["changed golden set"] == (
        "2 cases → 1"
    )
    assert found.golden
    assert found.golden_on_former
    assert (found.golden.cases, found.golden_on_former.cases) == (1, 2)


def test_what_the_former_set_asks_and_the_model_does_not_take_is_wrong_but_no_error(
    dev: Stage,
) -> None:
    theirs = golden(case([PER], status=400))
    right = score(parse(theirs, "set"), [frozenset([PER])])
    found = verified(dev, deployed(dev), ALL_RIGHT, Former("dev-000000", right, theirs))
    assert list(failed(found)) == ["entity F1 drop", "PER F1 drop"]


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (None, "the golden set of dev-000000 is not kept any more"),
        (b"{}", "golden.jsonl of dev-000000, line 1: not a case of a golden set: "),
    ],
)
def test_where_the_former_set_cannot_be_sent_it_is_not_compared(
    dev: Stage, kept: bytes | None, reason: str
) -> None:
    former = held_against(verified(dev, deployed(dev)), kept)
    easy = golden(case([PER]))
    found = verified(dev, deployed(dev), easy, former)
    assert failed(found)["entity F1 drop"].startswith(reason)
    assert (found.said, found.golden_on_former) == ("not passed", None)
    excused = verified(dev, production(deployed(dev, unjudged="goes-on"), False), easy, former)
    assert (excused.passed, excused.said) == (True, "goes on, though it was not compared")


def production(release: Release, is_it: bool) -> Release:
    changed = {"settings": {**release.settings, "production": is_it}}
    return release.model_copy(update=changed)


def test_fewer_cases_than_asked_for_do_not_pass(dev: Stage) -> None:
    found = verified(dev, deployed(dev, min_cases=100))
    assert failed(found) == {"golden set": "3 of 3 cases right"}


def test_without_a_golden_set_quality_is_not_judged_and_the_release_stops(dev: Stage) -> None:
    found = verified(dev, deployed(dev), None)
    none = "neither a golden set nor an input example to send"
    assert failed(found) == {
        "golden set": "quality was not judged: the model has no golden set",
        "latency p50": none,
        "latency p95": none,
        "latency p99": none,
        "errors": "no request was sent",
    }
    assert {check.result for check in found.checks if check.stops} == {"not judged"}
    assert (found.golden, found.latency, found.said) == (None, None, "not passed")


def test_without_a_golden_set_the_input_example_gives_latency_and_errors(dev: Stage) -> None:
    example = json.dumps({"answer": {"anything": 1}}).encode()
    found = verified(dev, deployed(dev), None, example=example)
    assert list(failed(found)) == ["golden set"]
    assert found.latency
    assert (found.latency.requests, found.latency.errors) == (20, 0)
    broken = verified(dev, deployed(dev), None, example=b'{"answer": 1, "status": 500}')
    assert failed(broken)["errors"].startswith("20 of 20 requests, as: ModelError")


@pytest.mark.parametrize(
    ("setting", "is_production", "passes"),
    [
        ("stops", False, False),
        ("goes-on", False, True),
        ("goes-on", True, False),
        ("goes-on-in-production", True, True),
    ],
)
def test_whether_what_is_not_judged_goes_on_is_a_setting_off_in_production(
    dev: Stage, setting: str, is_production: bool, passes: bool
) -> None:
    release = production(deployed(dev, unjudged=setting), is_production)
    found = verified(dev, release, None, example=b'{"answer": 1}')
    assert found.passed is passes
    assert found.said == ("goes on, though its quality was not judged" if passes else "not passed")


KINDS: dict[str, tuple[Any, Any, Any, str]] = {
    "regressor": ("value", 3.5, 9.0, "accuracy"),
    "classifier": ("label", "good", {"label": "bad", "score": 0.9}, "accuracy"),
    "encoder": ("vector", [1.0, 0.5], [-1.0, 2.0], "accuracy"),
    "handler": ("output", {"sum": [1, None]}, {"sum": [2, None]}, "accuracy"),
    "tagger": ("entities", [{"start": 0, "end": 4, "label": "PER"}], [], "entity F1"),
}


def answering(kind: str, wrong: int) -> bytes:
    """Ten cases of a kind; so many are answered wrongly."""
    key, right, bad, _ = KINDS[kind]
    answers = [bad] * wrong + [right] * (10 - wrong)
    bodies = [answer if kind == "handler" else {"predictions": [answer]} for answer in answers]
    return golden(
        *(
            json.dumps({"input": {"answer": body, "n": n}, key: right})
            for n, body in enumerate(bodies)
        )
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_model_of_each_kind_passes_and_a_worse_one_does_not(dev: Stage, kind: str) -> None:
    metric = KINDS[kind][3]
    good = verified(dev, deployed(dev, requests_per_second=1), answering(kind, 0))
    assert failed(good) == {}
    assert good.golden
    assert (good.golden.exact, good.golden.wrong) == (10, ())

    bad = verified(dev, deployed(dev, requests_per_second=1), answering(kind, 5))
    assert metric in failed(bad)

    # Good enough by itself, and worse than the one before.
    content = answering(kind, 1)
    sha256 = hashlib.sha256(content).hexdigest()
    before = Former("dev-000000", good.golden.model_copy(update={"sha256": sha256}), None)
    lenient = deployed(dev, requests_per_second=1, max_label_f1_drop=1)
    worse = verified(dev, lenient, content, before)
    assert list(failed(worse)) == [f"{metric} drop"]
    assert worse.golden
    assert [one.case for one in worse.golden.wrong] == [1]


def test_an_error_fails_and_its_reason_is_shown(dev: Stage) -> None:
    content = golden(case([PER]), case([LOC], status=500))
    found = verified(dev, deployed(dev, min_entity_f1=0), content)
    reason = failed(found)["errors"]
    said = "ModelError: the model answered 500, and its log says why"
    assert reason == f"11 of 22 requests, as: {said}"
    assert found.golden
    assert found.golden.labels["LOC"].found == 0
    assert failed(verified(dev, deployed(dev, min_entity_f1=0, max_errors=11), content)) == {}


@pytest.mark.parametrize("mode", ["real-time", "async"])
@pytest.mark.parametrize(
    "answered",
    [
        {"answer": "patient Erika Mustermann", "status": 400},
        {"answer": {"predictions": [["patient Erika Mustermann"]]}},
        {"answer": {"predictions": [[{"start": 0, "end": 4, "label": "Erika Mustermann"}]]}},
        {"answer": {"predictions": ["Erika Mustermann"]}},
    ],
)
@pytest.mark.parametrize(
    "right", [{"entities": []}, {"label": "x"}, {"value": 1}, {"vector": [1]}, {"output": 1}]
)
def test_no_text_of_the_golden_set_is_in_the_evidence(
    dev: Stage, qa: Stage, mode: str, answered: dict[str, Any], right: dict[str, Any]
) -> None:
    """Whatever the endpoint repeats of it."""
    stage = dev if mode == "real-time" else qa
    content = golden(json.dumps({"input": answered, **right}))
    found = verified(stage, deployed(stage, mode=mode, requests_per_second=1), content)
    assert "Mustermann" not in found.model_dump_json()


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
