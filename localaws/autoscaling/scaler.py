"""The evaluation of target tracking, again and again, in a thread of its own."""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.autoscaling import tracking, variants
from localaws.autoscaling.clients import client
from localaws.autoscaling.registry import Policy, Registry, Target

_LOGGER = logging.getLogger("autoscaling")


class Scaler:
    """Scales the targets of a registry as their policies' alarms ask for."""

    def __init__(self, registry: Registry, *, clock: Callable[[], float] = time.time) -> None:
        self._registry, self._clock = registry, clock
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, seconds: float) -> None:
        """Evaluate every so many seconds until `stop`; nothing where that runs already."""
        if self._thread is None:
            self._thread = Thread(
                target=self._run, args=(seconds,), name="autoscaling", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _run(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            self.step()

    def step(self) -> None:
        """Look at every target once; what cannot be reached is left for the next time."""
        with self._registry.lock:
            targets = list(self._registry.targets.values())
        for target in targets:
            try:
                self._scale(target)
            except (ClientError, BotoCoreError):
                _LOGGER.exception("%s cannot be scaled now", target.key.resource_id)

    def _scale(self, target: Target) -> None:
        variant = variants.find(target.key.scope, target.key.resource_id)
        if variant is None or not variant.settled:
            return
        minimum, maximum = target.bounds
        if not minimum <= variant.desired <= maximum:
            bound, kind = (
                (minimum, "minimum") if variant.desired < minimum else (maximum, "maximum")
            )
            self._set(target, bound, f"{kind} capacity was set to {bound}")
            return
        with self._registry.lock:
            policies = self._registry.policies_of(target.key)
        asked = [ask for ask in (self._asked(target, p, variant.desired) for p in policies) if ask]
        # Of several policies the one that asks for most capacity wins.
        if asked:
            capacity, cause = max(asked)
            self._set(target, capacity, cause)

    def _asked(self, target: Target, policy: Policy, current: int) -> tuple[int, str] | None:
        """The capacity that a policy asks for and why, None where it asks for no change."""
        cloudwatch = client("cloudwatch", policy.key.scope)
        alarms = cloudwatch.describe_alarms(AlarmNames=policy.alarm_names)["MetricAlarms"]
        ringing = {alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"}
        high, low = policy.alarm_names
        only_out = bool(policy.configuration.get("DisableScaleIn"))
        if high in ringing and not target.suspended("Out"):
            name, periods, decide = high, tracking.HIGH_PERIODS, policy.cooldowns.scale_out
        elif low in ringing and not only_out and not target.suspended("In"):
            name, periods, decide = low, tracking.LOW_PERIODS, policy.cooldowns.scale_in
        else:
            return None
        now = self._clock()
        values = self._measured(policy, now, periods)
        if not values:
            return None

        def wanted(capacity: int) -> int:
            # By the highest value: scaling in errs on the side of capacity.
            goal = float(policy.configuration["TargetValue"])
            return tracking.desired_capacity(
                capacity, max(values), goal, *target.bounds, disable_scale_in=only_out
            )

        capacity = decide(now, current, wanted)
        cause = f"monitor alarm {name} in state ALARM triggered policy {policy.name}"
        return None if capacity is None else (capacity, cause)

    def _measured(self, policy: Policy, now: float, periods: int) -> list[float]:
        """The metric's values over the last whole minutes."""
        end = now // tracking.PERIOD * tracking.PERIOD
        metric = policy.metric
        answer = client("cloudwatch", policy.key.scope).get_metric_data(
            StartTime=datetime.fromtimestamp(end - periods * tracking.PERIOD, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
            MetricDataQueries=[
                {
                    "Id": "m",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": metric.namespace,
                            "MetricName": metric.name,
                            "Dimensions": metric.dimension_list,
                        },
                        "Period": tracking.PERIOD,
                        "Stat": metric.statistic,
                    },
                }
            ],
        )
        values: list[float] = answer["MetricDataResults"][0]["Values"]
        return values

    def _set(self, target: Target, capacity: int, cause: str) -> None:
        start = self._clock()
        status = "Successful"
        message = (
            f"Successfully set desired instance count to {capacity}. Change successfully fulfilled"
            " by sagemaker."
        )
        try:
            variants.set_capacity(target.key.scope, target.key.resource_id, capacity)
        except ClientError as error:
            status = "Failed"
            message = f"Failed to set desired instance count to {capacity}. Reason: {error}"
        activity: dict[str, Any] = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "sagemaker",
            "ResourceId": target.key.resource_id,
            "ScalableDimension": target.key.dimension,
            "Description": f"Setting desired instance count to {capacity}.",
            "Cause": cause,
            "StartTime": start,
            "EndTime": self._clock(),
            "StatusCode": status,
            "StatusMessage": message,
        }
        with self._registry.lock:
            self._registry.activities.setdefault(target.key, []).append(activity)
