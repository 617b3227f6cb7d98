"""What Application Auto Scaling remembers: targets, policies with their alarms, activities."""

import math
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, NamedTuple

from localaws.autoscaling.clients import Scope
from localaws.autoscaling.tracking import DEFAULT_COOLDOWN, Cooldowns, Metric


class Key(NamedTuple):
    """What a target is known by, within an account and region."""

    scope: Scope
    resource_id: str
    dimension: str


@dataclass
class Target:
    """A scalable target; `document` is what DescribeScalableTargets answers."""

    key: Key
    document: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> tuple[int, int]:
        """MinCapacity and MaxCapacity."""
        return self.document["MinCapacity"], self.document["MaxCapacity"]

    def suspended(self, direction: str) -> bool:
        """Whether scaling in that direction (`In`, `Out`) is suspended."""
        state = self.document.get("SuspendedState", {})
        return bool(state.get(f"DynamicScaling{direction}Suspended"))


@dataclass
class Policy:
    """A scaling policy; `document` is what DescribeScalingPolicies answers."""

    key: Key
    document: dict[str, Any]
    metric: Metric
    cooldowns: Cooldowns

    @property
    def name(self) -> str:
        """PolicyName."""
        return str(self.document["PolicyName"])

    @property
    def configuration(self) -> dict[str, Any]:
        """The target tracking configuration."""
        found: dict[str, Any] = self.document["TargetTrackingScalingPolicyConfiguration"]
        return found

    @property
    def alarm_names(self) -> list[str]:
        """The high alarm's name, then the low one's."""
        return [alarm["AlarmName"] for alarm in self.document["Alarms"]]


def cooldowns_of(configuration: dict[str, Any]) -> Cooldowns:
    """A policy's cooldowns, none running."""
    return Cooldowns(
        configuration.get("ScaleOutCooldown", DEFAULT_COOLDOWN),
        configuration.get("ScaleInCooldown", DEFAULT_COOLDOWN),
        -math.inf,
        -math.inf,
    )


class Registry:
    """All accounts' and regions' targets, policies and activities. Hold `lock` to change them."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.targets: dict[Key, Target] = {}
        self.policies: dict[tuple[Key, str], Policy] = {}
        self.activities: dict[Key, list[dict[str, Any]]] = {}

    def policies_of(self, key: Key) -> list[Policy]:
        """A target's policies."""
        return [policy for policy in self.policies.values() if policy.key == key]


REGISTRY = Registry()
