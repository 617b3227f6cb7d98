"""A DeploymentConfig: the steps in which traffic shifts, and what SageMaker refuses.

After botocore's model and the developer guide's pages on deployment guardrails.
"""

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass

from localaws.json_api import refuse
from localaws.scope import Document

ROLLING = "ROLLING"

_LIMITS = {"CANARY": (0, 50), "LINEAR": (10, 50), ROLLING: (5, 50)}
"""Least and most that one step may be, in percent of a variant's instances."""

_SIZES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize", ROLLING: "MaximumBatchSize"}


@dataclass(frozen=True)
class Size:
    """A CapacitySize: a number of instances, or a percentage of a variant's."""

    is_percent: bool
    value: int

    @classmethod
    def of(cls, given: Document) -> "Size":
        """The CapacitySize in the API's shape."""
        return cls(given["Type"] == "CAPACITY_PERCENT", given["Value"])

    def instances(self, total: int) -> int:
        """How many of `total` instances; the nearest whole number, halves down, at least one.

        AWS gives no rule; its rolling example takes 33 % of 3 for 1.
        """
        return max(1, math.ceil(total * self.value / 100 - 0.5)) if self.is_percent else self.value


@dataclass(frozen=True)
class Policy:
    """How one update is carried out; times in seconds.

    Attributes:
        kind: ALL_AT_ONCE, CANARY, LINEAR or ROLLING.
        wait: the baking period after each shift of traffic.
        termination: how long the old fleet is kept after the last one.
        timeout: the longest that the whole may take.
    """

    kind: str = "ALL_AT_ONCE"
    size: Size | None = None
    wait: int = 0
    termination: int = 0
    timeout: int | None = None
    rollback: Size | None = None
    alarms: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Document) -> "Policy":
        """A DeploymentConfig's policy. Raises AwsError where its parts do not fit."""
        alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        names = tuple(one["AlarmName"] for one in alarms)
        blue_green, rolling = (
            config.get(key) for key in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy")
        )
        refuse(
            blue_green and rolling,
            "Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy may be given.",
        )
        if rolling:
            back = rolling.get("RollbackMaximumBatchSize")
            return cls(
                ROLLING,
                Size.of(rolling["MaximumBatchSize"]),
                wait=rolling["WaitIntervalInSeconds"],
                timeout=rolling.get("MaximumExecutionTimeoutInSeconds"),
                rollback=Size.of(back) if back else None,
                alarms=names,
            )
        if not blue_green:
            return cls(alarms=names)
        routing = blue_green["TrafficRoutingConfiguration"]
        return cls(
            routing["Type"],
            _routing_size(routing),
            wait=routing["WaitIntervalInSeconds"],
            termination=blue_green.get("TerminationWaitInSeconds", 0),
            timeout=blue_green.get("MaximumExecutionTimeoutInSeconds"),
            alarms=names,
        )

    def steps(self, total: int) -> list[int]:
        """How many of a variant's `total` new instances have traffic after each shift."""
        if self.size is None:
            return [total]
        step = self.size.instances(total)
        if self.kind == "CANARY":
            return [step, total]
        return [*range(step, total, step), total]

    def check(self, counts: Mapping[str, int], before: Set[str]) -> None:
        """Refuse a policy that does not fit the production variants' instances or names (`before`).

        Raises AwsError.
        """
        refuse(
            self.kind == ROLLING and len(counts) > 1,
            "A rolling deployment is not supported for an endpoint with several variants.",
        )
        if self.size is None:
            return
        refuse(
            before and set(counts) != set(before),
            f"A {self.kind} deployment needs the variants to keep their names: there are "
            f"{', '.join(sorted(before))}, the new endpoint configuration has "
            f"{', '.join(sorted(counts))}.",
        )
        for name, total in counts.items():
            self._check_size(name, total, self.size)

    def _check_size(self, name: str, total: int, size: Size) -> None:
        least, most = _LIMITS[self.kind]
        share = size.value if size.is_percent else 100 * size.value / total
        unit = "%" if size.is_percent else " instance(s)"
        # With one instance there is nothing to split.
        refuse(
            not least <= share <= most or total <= 1,
            f"{_SIZES[self.kind]} of {size.value}{unit} is not allowed for variant {name} with "
            f"{total} instance(s): it must be {f'from {least} to' if least else 'at most'} "
            f"{most} % of the variant's instances.",
        )


def _routing_size(routing: Document) -> Size | None:
    kind = routing["Type"]
    wanted = _SIZES.get(kind)
    given = [key for key in ("CanarySize", "LinearStepSize") if key in routing]
    refuse(
        given != ([wanted] if wanted else []),
        f"TrafficRoutingConfiguration of type {kind} takes {wanted or 'no step size'}, "
        f"not {', '.join(given) or 'none'}.",
    )
    return Size.of(routing[wanted]) if wanted else None
