"""Which scheduled actions are carried out, with a clock that the tests hold."""

from typing import Any

import pytest

from localaws.autoscaling.registry import Key, Registry, ScheduledAction, Target
from localaws.autoscaling.scheduled import carry_out
from localaws.autoscaling.tracking import INSTANCES
from localaws.scope import Scope

KEY = Key(Scope("111111111111", "eu-central-1"), "endpoint/e/variant/v", INSTANCES)


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.targets[KEY] = Target(KEY, {"MinCapacity": 1, "MaxCapacity": 2})
    return registry


def add(registry: Registry, *, minimum: int = 2, maximum: int = 4, **more: Any) -> None:
    """An action that is due at 1000."""
    bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
    document = {"ScheduledActionName": "a", "ScalableTargetAction": bounds, **more}
    action = ScheduledAction(
        KEY, document, lambda after, until: after < 1000 <= until, evaluated=900
    )
    registry.scheduled[KEY, "a"] = action


def bounds_at(registry: Registry, *moments: float) -> list[tuple[int, int]]:
    found = []
    for moment in moments:
        carry_out(registry, moment)
        found.append(registry.targets[KEY].bounds)
    return found


def test_it_is_carried_out_once_at_the_first_look_after_its_moment(registry: Registry) -> None:
    add(registry)
    assert bounds_at(registry, 999, 1003, 1008) == [(1, 2), (2, 4), (2, 4)]
    (activity,) = registry.activities[KEY]
    assert activity["Description"] == "Setting min capacity to 2 and max capacity to 4."
    assert activity["Cause"] == "scheduled action name a was triggered"


@pytest.mark.parametrize("span", [{"StartTime": 1004}, {"EndTime": 1002}])
def test_it_is_carried_out_within_its_span_alone(registry: Registry, span: dict[str, Any]) -> None:
    add(registry, **span)
    assert bounds_at(registry, 1003, 1100) == [(1, 2), (1, 2)]


def test_a_suspended_target_keeps_its_bounds(registry: Registry) -> None:
    registry.targets[KEY].document["SuspendedState"] = {"ScheduledScalingSuspended": True}
    add(registry)
    assert bounds_at(registry, 1003) == [(1, 2)]


def test_an_action_that_names_one_bound_leaves_the_other(registry: Registry) -> None:
    add(registry)
    del registry.scheduled[KEY, "a"].document["ScalableTargetAction"]["MaxCapacity"]
    assert bounds_at(registry, 1003) == [(2, 2)]


def test_bounds_that_would_cross_are_a_failed_activity(registry: Registry) -> None:
    add(registry, minimum=3)
    del registry.scheduled[KEY, "a"].document["ScalableTargetAction"]["MaxCapacity"]
    assert bounds_at(registry, 1003) == [(1, 2)]
    (activity,) = registry.activities[KEY]
    assert activity["StatusCode"] == "Failed"
    assert "less than minimum" in activity["StatusMessage"]
