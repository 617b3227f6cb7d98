"""The capacity that a policy asks for, by its alarms and its metric in CloudWatch."""

import operator
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from localaws.autoscaling import steps, tracking
from localaws.autoscaling.registry import Policy, Target
from localaws.clients import client
from localaws.scope import Scope

Ask = tuple[int, str]
"""A capacity, and why."""

_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "Average": fmean,
    "Minimum": min,
    "Maximum": max,
}
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def asked(target: Target, policy: Policy, current: int, now: float) -> Ask | None:
    """The capacity that a policy asks for; None where it asks for no change."""
    return (_tracked if policy.metric else _stepped)(target, policy, current, now)


def _tracked(target: Target, policy: Policy, current: int, now: float) -> Ask | None:
    cloudwatch, metric = client(policy.key.scope, "cloudwatch"), policy.metric
    assert metric is not None  # noqa: S101 - only policies with a metric come here
    alarms = cloudwatch.describe_alarms(AlarmNames=policy.alarm_names)["MetricAlarms"]
    ringing = {alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"}
    high, low = policy.alarm_names
    only_out = bool(policy.configuration.get("DisableScaleIn"))
    if high in ringing and not target.suspended("DynamicScalingOut"):
        name, periods, decide = high, tracking.HIGH_PERIODS, policy.cooldowns.scale_out
    elif low in ringing and not only_out and not target.suspended("DynamicScalingIn"):
        name, periods, decide = low, metric.low_periods, policy.cooldowns.scale_in
    else:
        return None
    values = _values(policy.key.scope, metric.queries, metric.period, periods, now)
    if not values:
        return None

    def wanted(capacity: int) -> int:
        # The highest value counts, so that scaling in is conservative.
        goal = float(policy.configuration["TargetValue"])
        return tracking.desired_capacity(
            capacity, max(values), goal, *target.bounds, disable_scale_in=only_out
        )

    capacity = decide(now, current, wanted)
    return None if capacity is None else (capacity, _cause(name, policy))


def _stepped(target: Target, policy: Policy, current: int, now: float) -> Ask | None:
    asks = []
    for alarm in alarms_of(policy):
        if alarm["StateValue"] != "ALARM" or not alarm.get("ActionsEnabled", True):
            continue
        breach = _breach(policy, alarm, now)

        def wanted(capacity: int, breach: float = breach) -> int:
            return steps.desired_capacity(capacity, policy.configuration, breach, *target.bounds)

        direction = "Out" if wanted(current) > current else "In"
        if target.suspended(f"DynamicScaling{direction}"):
            continue
        cooldowns = policy.cooldowns
        decide = cooldowns.scale_out if direction == "Out" else cooldowns.scale_in
        capacity = decide(now, current, wanted)
        if capacity is not None:
            asks.append((capacity, _cause(alarm["AlarmName"], policy)))
    return max(asks, default=None)


def alarms_of(policy: Policy) -> Iterator[dict[str, Any]]:
    """The alarms that have a step scaling policy as an action."""
    arn = policy.document["PolicyARN"]
    pages = client(policy.key.scope, "cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(ActionPrefix=arn):
        # MiniStack does not look at ActionPrefix.
        yield from (one for one in page["MetricAlarms"] if arn in one.get("AlarmActions", []))


def _breach(policy: Policy, alarm: dict[str, Any], now: float) -> float:
    """The difference of the breaching values to the alarm's threshold; 0 without values."""
    queries = alarm.get("Metrics") or [
        tracking.query(
            {
                "Namespace": alarm["Namespace"],
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm.get("Dimensions", []),
            },
            alarm["Period"],
            alarm.get("ExtendedStatistic") or alarm["Statistic"],
        )
    ]
    period = alarm.get("Period") or tracking.PERIOD
    threshold, breaches = alarm["Threshold"], _BREACHES[alarm["ComparisonOperator"]]
    values = _values(policy.key.scope, queries, period, alarm["EvaluationPeriods"], now)
    breaching = [value for value in values if breaches(value, threshold)]
    aggregate = _AGGREGATES[policy.configuration.get("MetricAggregationType", "Average")]
    return aggregate(breaching) - threshold if breaching else 0.0


def _values(
    where: Scope, queries: list[dict[str, Any]], period: int, periods: int, now: float
) -> list[float]:
    """A metric's values over the last whole periods and the one that has begun.

    Without that one, a request that has just come would not keep its instance. The end is a second
    ahead: times travel in whole seconds, and EndTime is exclusive, so that a value of this second
    would be missed while its alarm is ringing already.
    """
    begun = now // period * period
    response = client(where, "cloudwatch").get_metric_data(
        StartTime=datetime.fromtimestamp(begun - periods * period, UTC),
        EndTime=datetime.fromtimestamp(now + 1, UTC),
        MetricDataQueries=queries,
    )
    values: list[float] = response["MetricDataResults"][0]["Values"]
    return values


def _cause(alarm: str, policy: Policy) -> str:
    return f"monitor alarm {alarm} in state ALARM triggered policy {policy.name}"
