"""Target tracking as pure functions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.autoscaling.tracking import INSTANCES, Cooldowns, desired_capacity, metric_of
from localaws.json_api import AwsError

counts = st.integers(min_value=1, max_value=100)
loads = st.floats(min_value=0, max_value=1e6)
goals = st.floats(min_value=0.1, max_value=1e4)


@given(counts, loads, goals, st.tuples(counts, counts), st.booleans())
def test_never_outside_the_bounds(
    current: int, metric: float, target: float, bounds: tuple[int, int], only_out: bool
) -> None:
    low, high = sorted(bounds)
    wanted = desired_capacity(current, metric, target, low, high, disable_scale_in=only_out)
    assert low <= wanted <= high


@given(counts, st.integers(min_value=0, max_value=10**6), counts)
def test_the_capacity_brings_the_metric_to_its_target_and_is_the_least_that_does(
    current: int, metric: int, target: int
) -> None:
    wanted = desired_capacity(current, metric, target, 0, 10**12)
    assert (wanted - 1) * target < current * metric <= wanted * target


@given(counts, loads, goals, counts)
def test_more_load_never_means_less_capacity(
    current: int, metric: float, target: float, more: int
) -> None:
    less = desired_capacity(current, metric, target, 1, 50)
    assert desired_capacity(current, metric + more, target, 1, 50) >= less


@given(counts, loads, goals)
def test_nothing_is_taken_away_when_scaling_in_is_disabled(
    current: int, metric: float, target: float
) -> None:
    wanted = desired_capacity(current, metric, target, 1, 10**12, disable_scale_in=True)
    assert wanted >= current


@given(counts, goals)
def test_at_the_target_nothing_changes(current: int, target: float) -> None:
    assert desired_capacity(current, target, target, 1, 200) == current


def test_from_none_the_metric_counts_as_that_of_one() -> None:
    assert desired_capacity(0, 0, 5, 0, 10) == 0
    assert desired_capacity(0, 4, 5, 0, 10) == 1
    assert desired_capacity(0, 11, 5, 0, 10) == 3


def test_the_capacity_added_by_a_scale_out_counts_while_its_cooldown_lasts() -> None:
    cooldowns = Cooldowns(out_seconds=300, in_seconds=300)
    assert cooldowns.scale_out(0, 2, lambda capacity: capacity * 2) == 4
    # The same load, seen before the new instances took their part of it.
    assert cooldowns.scale_out(60, 4, lambda capacity: capacity * 2) is None
    # Three times as much as the first two carried: two more than were added.
    assert cooldowns.scale_out(120, 4, lambda capacity: capacity * 3) == 6


def test_scaling_in_waits_for_its_cooldown_and_a_scale_out_ends_it() -> None:
    cooldowns = Cooldowns(out_seconds=60, in_seconds=300)
    assert cooldowns.scale_in(0, 4, lambda _: 2) == 2
    assert cooldowns.scale_in(299, 2, lambda _: 1) is None
    assert cooldowns.scale_in(300, 2, lambda _: 1) == 1
    assert cooldowns.scale_out(310, 1, lambda _: 3) == 3
    assert cooldowns.scale_in(320, 3, lambda _: 2) == 2


def test_the_first_scale_in_needs_no_wait() -> None:
    assert Cooldowns(60, 300).last_in == -math.inf


@pytest.mark.parametrize(
    "configuration",
    [
        {"TargetValue": 1.0},
        {
            "TargetValue": 1.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"},
        },
        {
            "TargetValue": 1.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
        },
        {"TargetValue": 1.0, "CustomizedMetricSpecification": {"Metrics": []}},
    ],
)
def test_a_metric_that_is_not_followed_is_refused(configuration: dict[str, object]) -> None:
    with pytest.raises(AwsError, match=r"localaws|Exactly one"):
        metric_of(configuration, INSTANCES, "e", "v")
