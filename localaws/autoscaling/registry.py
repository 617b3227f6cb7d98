"""Application Auto Scaling's targets, policies with their alarms, and activities."""

import math
import uuid
from dataclasses import dataclass
from threading import RLock
from typing import NamedTuple

from localaws.autoscaling.schedules import Due
from localaws.autoscaling.tracking import DEFAULT_COOLDOWN, Cooldowns
from localaws.json_api import AwsError
from localaws.scope import Document, Scope

CROSSED = "Maximum capacity cannot be less than minimum capacity"


class Key(NamedTuple):
    """The identity of a target."""

    scope: Scope
    resource_id: str
    dimension: str

    def missing(self, what: str, name: str = "") -> AwsError:
        """The error for a target, or for something of a target, that does not exist."""
        return AwsError(
            "ObjectNotFoundException",
            f"No {what} found for service namespace: sagemaker, resource ID: {self.resource_id},"
            f" scalable dimension: {self.dimension}{name and f', {what} name: {name}'}",
        )


@dataclass
class Target:
    """A scalable target; `document` is its entry in DescribeScalableTargets."""

    key: Key
    document: Document

    @property
    def bounds(self) -> tuple[int, int]:
        """MinCapacity and MaxCapacity."""
        return self.document["MinCapacity"], self.document["MaxCapacity"]

    def suspended(self, kind: str) -> bool:
        """Whether a kind is suspended: DynamicScalingIn, DynamicScalingOut, ScheduledScaling."""
        return bool(self.document.get("SuspendedState", {}).get(f"{kind}Suspended"))


@dataclass
class Policy:
    """A scaling policy; `document` is its entry in DescribeScalingPolicies.

    `metric` is what target tracking follows, in PutMetricAlarm's shape; None where the policy has
    steps.
    """

    key: Key
    document: Document
    metric: Document | None
    cooldowns: Cooldowns

    @property
    def name(self) -> str:
        """PolicyName."""
        return str(self.document["PolicyName"])

    @property
    def configuration(self) -> Document:
        """The configuration of the policy's type."""
        found: Document = self.document[f"{self.document['PolicyType']}PolicyConfiguration"]
        return found

    @property
    def alarm_names(self) -> list[str]:
        """The high alarm's name, then the low one's; none where the policy has steps."""
        return [alarm["AlarmName"] for alarm in self.document["Alarms"]]


@dataclass
class ScheduledAction:
    """A scheduled action; `document` is its entry in DescribeScheduledActions.

    evaluated: the time, in epoch seconds, until which its schedule has been evaluated.
    """

    key: Key
    document: Document
    due: Due
    evaluated: float


def cooldowns_of(configuration: Document) -> Cooldowns:
    """A policy's cooldowns, none running; steps have one for both directions."""
    default: int = configuration.get("Cooldown", DEFAULT_COOLDOWN)
    return Cooldowns(
        configuration.get("ScaleOutCooldown", default),
        configuration.get("ScaleInCooldown", default),
        -math.inf,
        -math.inf,
    )


class Registry:
    """All accounts' and regions' targets, policies and activities. Hold `lock` to change them."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.targets: dict[Key, Target] = {}
        self.policies: dict[tuple[Key, str], Policy] = {}
        self.scheduled: dict[tuple[Key, str], ScheduledAction] = {}
        self.activities: dict[Key, list[Document]] = {}

    def target(self, key: Key) -> Target:
        """The registered target; AwsError where there is none. Hold the lock."""
        if key not in self.targets:
            raise key.missing("scalable target")
        return self.targets[key]

    def policies_of(self, key: Key) -> list[Policy]:
        """A target's policies."""
        return [policy for policy in self.policies.values() if policy.key == key]

    def record(
        self,
        key: Key,
        description: str,
        cause: str,
        outcome: str,
        times: tuple[float, float],
        *,
        failed: bool,
    ) -> None:
        """Add an activity; times: its start and end, in epoch seconds."""
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": key.resource_id,
            "ScalableDimension": key.dimension,
            "Description": f"{description}.",
            "Cause": cause,
            "StartTime": times[0],
            "EndTime": times[1],
            "StatusCode": "Failed" if failed else "Successful",
            "StatusMessage": outcome,
        }
        with self.lock:
            self.activities.setdefault(key, []).append(activity)


REGISTRY = Registry()
