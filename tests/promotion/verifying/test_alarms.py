"""A stage's alarms through the bake time, as CloudWatch on this machine tells them."""

import time
from collections.abc import Callable
from threading import Event

import pytest

from aws.stage import Stage
from promotion.verifying import alarms as module
from promotion.verifying.alarms import Watch
from tests.promotion.verifying.conftest import deployed

pytestmark = pytest.mark.slow

SetAlarm = Callable[[str, str], None]


def went_off(stage: Stage) -> tuple[str, ...]:
    watch = Watch(stage, deployed(stage).templates)
    with watch.looking(Event()):
        pass
    return watch.went_off


def test_where_all_is_well_none_went_off(dev: Stage, alarms: SetAlarm) -> None:
    assert went_off(dev) == ()


def test_metric_alarms_and_composite_ones_are_named(dev: Stage, alarms: SetAlarm) -> None:
    alarms("loud", "ALARM")
    assert went_off(dev) == ("loud",)
    alarms("quiet", "ALARM")
    assert went_off(dev) == ("both", "loud", "quiet")


def test_an_alarm_that_scales_is_no_fault(dev: Stage, alarms: SetAlarm) -> None:
    alarms("scaling", "ALARM")
    watch = Watch(dev, deployed(dev).templates)
    assert watch.names == {"loud", "quiet", "both"}
    assert went_off(dev) == ()


def test_one_that_went_off_and_is_well_again_is_named(
    dev: Stage, alarms: SetAlarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    watch = Watch(dev, deployed(dev).templates)
    with watch.looking(Event()):
        alarms("loud", "ALARM")
        deadline = time.monotonic() + 30
        while not watch.went_off and time.monotonic() < deadline:
            time.sleep(0.01)
        alarms("loud", "OK")
    assert watch.went_off == ("loud",)


def test_one_that_went_off_before_the_first_look_of_a_short_bake_is_seen_at_its_end(
    dev: Stage, alarms: SetAlarm
) -> None:
    watch = Watch(dev, deployed(dev).templates)
    with watch.looking(Event()):
        alarms("quiet", "ALARM")
    assert watch.went_off == ("quiet",)


def test_an_alarm_that_somebody_deleted_is_missed(qa: Stage) -> None:
    cloudwatch = qa.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=["both"])
    watch = Watch(qa, deployed(qa).templates)
    assert (watch.gone, watch.names) == (("both",), {"loud", "quiet"})
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("loud")')
