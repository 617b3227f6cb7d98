"""Target tracking, as pure functions: a policy's alarms, and the capacity that it asks for.

After the Application Auto Scaling user guide: out when the metric is above the target for three
periods of a minute, in when it is below 90 % of it for fifteen; the capacity is proportional to
the metric and rounded up. The periods of a metric of high resolution are of 10 s.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from localaws.json_api import refuse
from localaws.scope import Document

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"

PERIOD = 60
HIGH_RESOLUTION = 10
HIGH_PERIODS = 3
LOW_SECONDS = 900
LOW_FRACTION = 0.9
DEFAULT_COOLDOWN = 300
"""Seconds; what SageMaker variants have where a policy names none."""


_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": (INSTANCES, "InvocationsPerInstance", "Sum", PERIOD),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": (
        INSTANCES,
        "ConcurrentRequestsPerModel",
        "Average",
        HIGH_RESOLUTION,
    ),
    "SageMakerVariantProvisionedConcurrencyUtilization": (
        CONCURRENCY,
        "ServerlessProvisionedConcurrencyUtilization",
        "Average",
        PERIOD,
    ),
}
"""Each metric's scalable dimension, its name, its statistic, and its period in seconds."""


def metric_of(configuration: Document, dimension: str, endpoint: str, variant: str) -> Document:
    """The metric of a TargetTrackingScalingPolicyConfiguration, in PutMetricAlarm's shape.

    Raises AwsError for one that is not evaluated here, or does not go with the dimension.
    """
    refuse(
        configuration.get("TargetValue", 0) <= 0,
        "TargetTrackingScalingPolicyConfiguration with a TargetValue above 0 needed",
    )
    predefined: Document = configuration.get("PredefinedMetricSpecification", {})
    custom = configuration.get("CustomizedMetricSpecification")
    refuse(
        bool(predefined) == bool(custom),
        "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be"
        " specified.",
    )
    if custom:
        return _custom(custom)
    return _predefined(predefined["PredefinedMetricType"], dimension, endpoint, variant)


def _predefined(kind: str, dimension: str, endpoint: str, variant: str) -> Document:
    known = [name for name, (its, *_) in _PREDEFINED.items() if its == dimension]
    refuse(
        kind not in known,
        f"localaws does not measure {kind} for {dimension}, only {' and '.join(known)}.",
    )
    _, name, statistic, period = _PREDEFINED[kind]
    values = {"EndpointName": endpoint, "VariantName": variant}
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": name,
        "Statistic": statistic,
        "Dimensions": [{"Name": key, "Value": value} for key, value in values.items()],
        "Period": period,
    }


def _custom(specification: Document) -> Document:
    names = ("Namespace", "MetricName", "Statistic")
    refuse(
        not set(names) <= specification.keys(),
        "localaws follows a CustomizedMetricSpecification with Namespace, MetricName and Statistic,"
        " no metric math.",
    )
    return {
        **{name: specification[name] for name in names},
        "Dimensions": specification.get("Dimensions", []),
        "Period": PERIOD,
    }


def alarm(metric: Document, target: float, name: str, policy_arn: str) -> Document:
    """The PutMetricAlarm request of the one of a policy's two alarms that has this name."""
    high = "-AlarmHigh-" in name
    return metric | {
        "AlarmName": name,
        "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy"
        f" {policy_arn}.",
        "EvaluationPeriods": HIGH_PERIODS if high else LOW_SECONDS // metric["Period"],
        "Threshold": target if high else target * LOW_FRACTION,
        "ComparisonOperator": "GreaterThanThreshold" if high else "LessThanThreshold",
        "AlarmActions": [policy_arn],
    }


def desired_capacity(
    current: int,
    metric: float,
    target: float,
    minimum: int,
    maximum: int,
    *,
    disable_scale_in: bool = False,
) -> int:
    """The instances that bring a metric, measured a minute and instance, back to its target.

    Never outside [minimum, maximum]; with `disable_scale_in` never fewer than the current ones
    where those are allowed.
    """
    # Rounded first: 3 * 0.1 / 0.1 is a hair above 3. None counts as one: an asynchronous endpoint
    # at rest starts by its backlog.
    wanted = math.ceil(round(max(1, current) * metric / target, 9))
    if disable_scale_in:
        wanted = max(wanted, current)
    return min(max(wanted, minimum), maximum)


Wanted = Callable[[int], int]
"""The capacity that the measured values call for, from a given one."""


@dataclass
class Cooldowns:
    """When a policy last scaled, and from what capacity."""

    out_seconds: int
    in_seconds: int
    last_out: float = -math.inf
    last_in: float = -math.inf
    capacity_before: int = 0

    def scale_out(self, now: float, current: int, wanted_from: Wanted) -> int | None:
        """The capacity to scale out to, or None.

        While the cooldown lasts, what the last activity added counts as part of the next one:
        the alarm has to ask for more than that.
        """
        cooling = now - self.last_out < self.out_seconds
        base = min(self.capacity_before, current) if cooling else current
        wanted = wanted_from(base)
        if wanted <= current:
            return None
        self.last_out, self.capacity_before = now, base
        # A scale-out ends the cooldown of an earlier scale-in.
        self.last_in = -math.inf
        return wanted

    def scale_in(self, now: float, current: int, wanted_from: Wanted) -> int | None:
        """The capacity to scale in to, or None: nothing while the last one's cooldown lasts."""
        if now - self.last_in < self.in_seconds:
            return None
        wanted = wanted_from(current)
        if wanted >= current:
            return None
        self.last_in = now
        return wanted
