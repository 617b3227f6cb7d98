"""The capacity that a policy asks for, by its alarms and its metric in CloudWatch."""

from collections.abc import Callable
from statistics import fmean

from localaws.autoscaling import steps, tracking
from localaws.autoscaling.registry import Policy, Target
from localaws.cloudwatch import statistic
from localaws.cloudwatch.alarms import BREACHES
from localaws.cloudwatch.measures import Measure, of, recent
from localaws.cloudwatch.metric_math import NotEvaluatedError
from localaws.ministack.cloudwatch import alarm_states, alarms
from localaws.ministack.services import acting_in
from localaws.scope import Document, Scope

Ask = tuple[int, str]
"""A capacity, and why."""

_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "Average": fmean,
    "Minimum": min,
    "Maximum": max,
}


def asked(target: Target, policy: Policy, current: int, now: float) -> Ask | None:
    """The capacity that a policy asks for; None where it asks for no change."""
    return (_tracked if policy.metric else _stepped)(target, policy, current, now)


def _tracked(target: Target, policy: Policy, current: int, now: float) -> Ask | None:
    states = alarm_states(policy.key.scope, policy.alarm_names)
    high, low = policy.alarm_names
    measure = of(policy.metric or {})
    only_out = bool(policy.configuration.get("DisableScaleIn"))
    if states.get(high) == "ALARM" and not target.suspended("DynamicScalingOut"):
        name, periods, decide = high, tracking.HIGH_PERIODS, policy.cooldowns.scale_out
    elif states.get(low) == "ALARM" and not (only_out or target.suspended("DynamicScalingIn")):
        periods = tracking.LOW_SECONDS // measure.period
        name, decide = low, policy.cooldowns.scale_in
    else:
        return None
    values = _values(policy.key.scope, measure, periods, now)
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

        out = wanted(current) > current
        if target.suspended(f"DynamicScaling{'Out' if out else 'In'}"):
            continue
        decide = policy.cooldowns.scale_out if out else policy.cooldowns.scale_in
        capacity = decide(now, current, wanted)
        if capacity is not None:
            asks.append((capacity, _cause(alarm["AlarmName"], policy)))
    return max(asks, default=None)


def alarms_of(policy: Policy) -> list[Document]:
    """The alarms that have a step scaling policy as an action."""
    arn = policy.document["PolicyARN"]
    return [one for one in alarms(policy.key.scope) if arn in one.get("AlarmActions", [])]


def _breach(policy: Policy, alarm: Document, now: float) -> float:
    """The difference of the breaching values to the alarm's threshold; 0 without values."""
    try:
        measure = of(alarm)
    except NotEvaluatedError:
        return 0.0  # somebody has set the state of an alarm that is not evaluated here
    threshold, breaches = alarm["Threshold"], BREACHES[alarm["ComparisonOperator"]]
    values = _values(policy.key.scope, measure, alarm["EvaluationPeriods"], now)
    breaching = [value for value in values if breaches(value, threshold)]
    aggregate = _AGGREGATES[policy.configuration.get("MetricAggregationType", "Average")]
    return aggregate(breaching) - threshold if breaching else 0.0


def _values(where: Scope, measure: Measure, periods: int, now: float) -> list[float]:
    with acting_in(where):
        return recent(measure, statistic, periods, now)


def _cause(alarm: str, policy: Policy) -> str:
    return f"monitor alarm {alarm} in state ALARM triggered policy {policy.name}"
