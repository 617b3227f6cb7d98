"""Step scaling as pure functions."""

import re
from typing import Any

import pytest

from localaws.autoscaling.steps import check, desired_capacity
from localaws.json_api import AwsError


def steps(kind: str, *triples: tuple[float | None, float | None, int], **more: Any) -> Any:
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment")
    adjustments = [
        {name: value for name, value in zip(names, triple, strict=True) if value is not None}
        for triple in triples
    ]
    return {"AdjustmentType": kind, "StepAdjustments": adjustments, **more}


def test_above_the_threshold_a_step_holds_its_lower_bound_below_it_its_upper_one() -> None:
    both = steps("ChangeInCapacity", (None, -10, -2), (-10, 0, -1), (0, 10, 1), (10, None, 2))
    check(both)
    asked = {
        breach: desired_capacity(5, both, breach, 0, 99) - 5 for breach in (-11, -10, -9.9, 9.9, 10)
    }
    assert asked == {-11: -2, -10: -2, -9.9: -1, 9.9: 1, 10: 2}


def test_at_the_threshold_itself_a_step_below_it_is_reached_too() -> None:
    assert desired_capacity(5, steps("ChangeInCapacity", (None, 0, -1)), 0, 0, 99) == 4


def test_a_breach_outside_every_step_changes_nothing() -> None:
    assert desired_capacity(5, steps("ChangeInCapacity", (0, 10, 1)), -1, 0, 99) == 5


@pytest.mark.parametrize(
    ("kind", "adjustment", "wanted"),
    [
        ("ExactCapacity", 4, 4),
        ("ExactCapacity", 0, 0),
        ("PercentChangeInCapacity", 30, 9),  # 9.1
        ("PercentChangeInCapacity", 5, 8),  # 7.35: less than one, but one
        ("PercentChangeInCapacity", -5, 6),
        ("PercentChangeInCapacity", -50, 4),  # 3.5
    ],
)
def test_each_type_of_adjustment(kind: str, adjustment: int, wanted: int) -> None:
    assert desired_capacity(7, steps(kind, (0, None, adjustment)), 1, 0, 99) == wanted


def test_a_percentage_moves_by_the_least_magnitude_and_the_bounds_hold() -> None:
    more = steps("PercentChangeInCapacity", (0, None, 10), MinAdjustmentMagnitude=3)
    assert desired_capacity(7, more, 1, 0, 99) == 10
    assert desired_capacity(7, more, 1, 0, 8) == 8
    assert desired_capacity(7, steps("ExactCapacity", (0, None, 0)), 1, 2, 8) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "needs an AdjustmentType"),
        ({"AdjustmentType": "ExactCapacity", "StepAdjustments": []}, "at least one StepAdj"),
        (steps("ExactCapacity", (5, 5, 1)), "below its MetricIntervalUpperBound"),
        (steps("ExactCapacity", (0, 5, 1), (6, None, 2)), "leave a gap"),
        (steps("ExactCapacity", (0, 5, 1), (4, None, 2)), "overlap"),
    ],
)
def test_steps_that_do_not_join_are_refused(wrong: Any, said: str) -> None:
    with pytest.raises(AwsError, match=re.escape(said)):
        check(wrong)
