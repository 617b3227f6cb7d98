"""The evaluation, with a clock, a CloudWatch and a variant that the tests hold."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.autoscaling import evaluation, variants
from localaws.autoscaling.registry import Key, Policy, Registry, Target, cooldowns_of
from localaws.autoscaling.scaler import Scaler
from localaws.autoscaling.tracking import INSTANCES
from localaws.autoscaling.variants import Variant
from localaws.cloudwatch.measures import Metric
from localaws.scope import Scope

KEY = Key(Scope("111111111111", "eu-central-1"), "endpoint/e/variant/v", INSTANCES)


@dataclass
class World:
    """What the scaler sees and does."""

    now: float = 100_000.0
    instances: int = 2
    settled: bool = True
    high: str = "OK"
    low: str = "OK"
    load: float = 100.0
    refuses: bool = False
    registry: Registry = field(default_factory=Registry)

    def add(self, *, minimum: int = 1, maximum: int = 10, **configuration: Any) -> None:
        self.register(minimum, maximum)
        wanted = {"TargetValue": 100.0, "ScaleInCooldown": 0, "ScaleOutCooldown": 0}
        document = {
            "PolicyName": "p",
            "PolicyType": "TargetTrackingScaling",
            "Alarms": [{"AlarmName": "high"}, {"AlarmName": "low"}],
            "TargetTrackingScalingPolicyConfiguration": wanted | configuration,
        }
        cooldowns = cooldowns_of(wanted | configuration)
        metric = {"MetricName": "InvocationsPerInstance", "Statistic": "Sum", "Period": 60}
        self.registry.policies[KEY, "p"] = Policy(KEY, document, metric, cooldowns)

    def add_steps(self, *steps: dict[str, Any], maximum: int = 10, **configuration: Any) -> None:
        self.register(1, maximum)
        document = {
            "PolicyName": "s",
            "PolicyType": "StepScaling",
            "PolicyARN": "steps",
            "Alarms": [],
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ChangeInCapacity",
                "StepAdjustments": list(steps),
                **configuration,
            },
        }
        cooldowns = cooldowns_of(configuration)
        self.registry.policies[KEY, "s"] = Policy(KEY, document, None, cooldowns)

    def register(self, minimum: int, maximum: int) -> None:
        bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
        self.registry.targets[KEY] = Target(KEY, bounds)

    def step(self) -> int:
        Scaler(self.registry, clock=lambda: self.now).step()
        return self.instances

    def alarm_states(self, *_: Any) -> dict[str, str]:
        return {"high": self.high, "low": self.low}

    def alarms(self, _scope: Scope) -> list[dict[str, Any]]:
        """The alarms on the load, above 100, of which one has the policy with steps as action."""
        common = {
            "Namespace": "n",
            "MetricName": "m",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Statistic": "Average",
            "Threshold": 100.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        high = {"AlarmName": "high", "StateValue": self.high, "AlarmActions": ["steps"]}
        other = {"AlarmName": "other", "StateValue": "ALARM", "AlarmActions": ["others"]}
        return [common | other, common | high]

    def statistic(self, _metric: Metric, start: float, end: float) -> float | None:
        """The load, which was measured a moment ago."""
        return self.load if start <= self.now - 1 < end else None

    def find(self, *_: Any) -> Variant:
        return Variant(self.instances, self.settled, least=1)

    def set_capacity(self, _key: Key, instances: int) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "Update")
        self.instances = instances


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    for name in ("alarm_states", "alarms", "statistic"):
        monkeypatch.setattr(evaluation, name, getattr(world, name))
    monkeypatch.setattr(variants, "find", world.find)
    monkeypatch.setattr(variants, "set_capacity", world.set_capacity)
    return world


def test_quiet_alarms_change_nothing(world: World) -> None:
    world.add()
    world.load = 1000
    assert world.step() == 2


def test_the_high_alarm_scales_out_in_proportion(world: World) -> None:
    world.add()
    world.high, world.load = "ALARM", 250
    assert world.step() == 5


def test_the_maximum_holds(world: World) -> None:
    world.add(maximum=3)
    world.high, world.load = "ALARM", 1000
    assert world.step() == 3


def test_the_low_alarm_scales_in_to_the_minimum_at_least(world: World) -> None:
    world.add(minimum=1)
    world.low, world.load = "ALARM", 0
    assert world.step() == 1


def test_the_low_alarm_does_nothing_where_scaling_in_is_disabled(world: World) -> None:
    world.add(DisableScaleIn=True)
    world.low, world.load = "ALARM", 0
    assert world.step() == 2


def test_suspended_scaling_does_nothing(world: World) -> None:
    world.add()
    world.registry.targets[KEY].document["SuspendedState"] = {"DynamicScalingOutSuspended": True}
    world.high, world.load = "ALARM", 1000
    assert world.step() == 2


def test_an_endpoint_that_is_updating_is_left_alone(world: World) -> None:
    world.add()
    world.high, world.load, world.settled = "ALARM", 1000, False
    assert world.step() == 2


def test_a_minimum_above_the_capacity_takes_effect_without_an_alarm(world: World) -> None:
    world.add(minimum=4)
    assert world.step() == 4
    (activity,) = world.registry.activities[KEY]
    assert activity["Cause"] == "minimum capacity was set to 4"


def test_the_cooldown_holds_until_the_clock_passes_it(world: World) -> None:
    world.add(ScaleInCooldown=300)
    world.instances, world.low, world.load = 8, "ALARM", 50
    assert world.step() == 4
    world.now += 299
    assert world.step() == 4
    world.now += 1
    assert world.step() == 2


def test_what_sagemaker_refuses_is_a_failed_activity(world: World) -> None:
    world.add()
    world.high, world.load, world.refuses = "ALARM", 1000, True
    assert world.step() == 2
    (activity,) = world.registry.activities[KEY]
    assert activity["StatusCode"] == "Failed"


SMALL = {
    "MetricIntervalLowerBound": 0,
    "MetricIntervalUpperBound": 50,
    "ScalingAdjustment": 1,
}
LARGE = {"MetricIntervalLowerBound": 50, "ScalingAdjustment": 3}


def test_the_step_is_that_of_the_breach_and_quiet_alarms_ask_for_none(world: World) -> None:
    world.add_steps(SMALL, LARGE, Cooldown=0)
    world.load = 400
    assert world.step() == 2
    world.high, world.load = "ALARM", 149
    assert world.step() == 3
    world.load = 150
    assert world.step() == 6


def test_a_value_that_does_not_breach_takes_the_step_at_the_threshold(world: World) -> None:
    world.add_steps(SMALL, LARGE)
    world.high, world.load = "ALARM", 0
    assert world.step() == 3


def test_what_a_step_added_counts_while_its_cooldown_lasts(world: World) -> None:
    world.add_steps(SMALL, LARGE, Cooldown=60)
    world.high, world.load = "ALARM", 120
    assert world.step() == 3
    world.now += 30
    assert world.step() == 3
    world.load = 160
    assert world.step() == 5
    world.now += 60
    assert world.step() == 8


def test_of_two_policies_that_which_asks_for_more_wins(world: World) -> None:
    world.add()
    world.add_steps(SMALL, LARGE)
    world.high, world.load = "ALARM", 130
    assert world.step() == 3
    world.now += 300
    world.load = 400
    assert world.step() == 10
