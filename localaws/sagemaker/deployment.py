"""An update of an endpoint: the new fleet starts, traffic shifts in steps, alarms are watched.

After the developer guide's pages on deployment guardrails: traffic bakes for WaitIntervalInSeconds
after each shift, the last one included, and the old fleet then stays for TerminationWaitInSeconds.
Alarms are watched in all of these waits. One that is already in ALARM ends the deployment before
it begins; AWS documents only that an alarm which the old fleet trips ends it.
"""

import contextlib
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from localaws.home import LocalAwsError
from localaws.ministack import cloudwatch
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.fleet import Fleet, Traffic
from localaws.sagemaker.policy import ROLLING, Policy
from localaws.sagemaker.state import Endpoint, now
from localaws.sagemaker.summaries import described
from localaws.scope import Document


def _time_scale() -> float:
    given = os.environ.get("LOCALAWS_TIME_SCALE") or "1"
    with contextlib.suppress(ValueError):
        if 0 < float(given) < math.inf:
            return float(given)
    raise LocalAwsError(f"LOCALAWS_TIME_SCALE={given!r}: must be a number above 0, such as 0.01")


TIME_SCALE = _time_scale()
"""The factor of a policy's waits: with 0.01 an hour takes 36 s."""

LOOK_SECONDS = 0.2
"""How often a wait reads the alarms."""


class RollbackFailed(HostingError):  # noqa: N818 - named as what has happened
    """The rollback failed too: old and new instances serve together (UpdateRollbackFailed)."""


@dataclass
class Deployment:
    """One CreateEndpoint or UpdateEndpoint under way; `variants` are the new summaries."""

    endpoint: Endpoint
    fleet: Fleet
    variants: list[Document]
    policy: Policy
    _started: float = field(default_factory=time.monotonic)
    _skipped: float = 0.0
    _summary: Document = field(default_factory=dict)
    _shares: Mapping[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Start the new fleet and shift all traffic to it.

        Raises HostingError when it has failed and only the old fleet serves again, and
        RollbackFailed when it does not.
        """
        config = self.endpoint.properties["EndpointConfigName"]
        self._summary = {"EndpointConfigName": config, "StartTime": now()}
        old = self.endpoint.fleet
        if old is None:
            self._provision(self._counts)
            return
        had = {name: len(variant.instances) for name, variant in old.production.items()}
        try:
            self._watch()
            if self.policy.kind == ROLLING:
                self._roll(old)
            else:
                self._shift_all(old)
        except HostingError as error:
            try:
                if self.policy.kind == ROLLING and self.endpoint.traffic is not None:
                    self._roll_back(old, had)
                self.endpoint.traffic = None
            except HostingError as second:
                raise RollbackFailed(f"{error} The rollback failed: {second}") from second
            raise

    @property
    def _counts(self) -> dict[str, int]:
        return {one["VariantName"]: one["DesiredInstanceCount"] for one in self.variants}

    @property
    def _production(self) -> dict[str, int]:
        return {name: self._counts[name] for name in self.fleet.production}

    def _shift_all(self, old: Fleet) -> None:
        self._provision(self._counts)
        steps = {name: self.policy.steps(total) for name, total in self._production.items()}
        for number in range(max(len(one) for one in steps.values())):
            reached = {name: one[min(number, len(one) - 1)] for name, one in steps.items()}
            self._shift(old, reached)
            self._bake(self.policy.wait)
        self._bake(self.policy.termination)

    def _roll(self, old: Fleet) -> None:
        ((name, total),) = self._production.items()
        had = len(old.variants[name].instances)
        for reached in self.policy.steps(total):
            self._provision({**self._counts, name: reached})
            self._shift(old, {name: reached})
            self._bake(self.policy.wait)
            if reached < total:
                old.scale({name: math.ceil(had * (total - reached) / total)})

    def _roll_back(self, old: Fleet, had: Mapping[str, int]) -> None:
        ((name, total),) = self._production.items()
        batch = self.policy.rollback.instances(had[name]) if self.policy.rollback else had[name]
        present = len(old.variants[name].instances)
        for back in [*range(present + batch, had[name], batch), had[name]]:
            old.scale({name: back})
            left = min(len(self.fleet.variants[name].instances), total - total * back // had[name])
            self._shift(old, {name: left})
            self.fleet.scale({name: left})

    def _provision(self, counts: dict[str, int]) -> None:
        self._publish("Creating")
        self.fleet.scale(counts)

    def _shift(self, old: Fleet, reached: Mapping[str, int]) -> None:
        self._shares = {
            name: reached[name] / total if total else 1.0
            for name, total in self._production.items()
        }
        self._publish("ActivatingTraffic")
        self.endpoint.traffic = Traffic(old, self.fleet, self._shares)
        self._publish("Baking")

    def _bake(self, seconds: float) -> None:
        began = time.monotonic()
        end = began + seconds * TIME_SCALE
        skipped = self._skipped
        while True:
            self._watch()
            pause = min(LOOK_SECONDS, end - time.monotonic())
            if pause <= 0:
                return
            if self.fleet.closes_within(pause):
                raise HostingError("The endpoint's instances are being stopped.")
            waited = time.monotonic() - began
            self._skipped = skipped + waited / TIME_SCALE - waited

    def _watch(self) -> None:
        """Raise HostingError where an alarm is in ALARM or the deployment takes too long."""
        states = cloudwatch.alarm_states(self.endpoint.scope, self.policy.alarms)
        in_alarm = [name for name, state in states.items() if state == "ALARM"]
        config = self.endpoint.properties["EndpointConfigName"]
        head = f"The deployment of endpoint configuration {config} was rolled back:"
        if in_alarm:
            raise HostingError(
                f"{head} CloudWatch alarm(s) [{', '.join(in_alarm)}] of its "
                "AutoRollbackConfiguration are in state ALARM."
            )
        # Waits count at their full length, whatever the factor.
        taken = time.monotonic() - self._started + self._skipped
        if self.policy.timeout is not None and taken > self.policy.timeout:
            raise HostingError(
                f"{head} it took longer than MaximumExecutionTimeoutInSeconds "
                f"({self.policy.timeout} s)."
            )

    def _publish(self, stage: str) -> None:
        """Put the stage into DescribeEndpoint's PendingDeploymentSummary."""
        status = [{"Status": stage, "StartTime": now()}]
        pending = [
            {
                **one,
                "CurrentWeight": one["DesiredWeight"] * self._shares.get(one["VariantName"], 0),
                "CurrentInstanceCount": len(self.fleet.variants[one["VariantName"]].instances),
                "VariantStatus": status,
            }
            for one in self.variants
        ]
        self.endpoint.pending = {**self._summary, **described(pending, self.fleet.shadow)}
