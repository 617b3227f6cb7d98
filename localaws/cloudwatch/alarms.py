"""How a metric alarm is evaluated, after the CloudWatch guide's page on evaluating alarms.

Time is cut into periods that end now, rather than at whole minutes as in CloudWatch, so that a
rehearsal sees an alarm at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localaws import validation
from localaws.cloudwatch import measures
from localaws.cloudwatch.measures import Measure, Statistic
from localaws.cloudwatch.metric_math import NotJudged
from localaws.ministack.cloudwatch import OF_ONE_METRIC

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class Alarm:
    """The parts of a PutMetricAlarm request that an evaluation reads."""

    measure: Measure
    period: int
    periods: int
    datapoints: int
    threshold: float
    operator: str
    missing: str

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Alarm":
        """The alarm of a PutMetricAlarm-shaped document; NotJudged for one not evaluated here."""
        periods = int(request.get("EvaluationPeriods") or 1)
        measure, period = measures.of(request)
        operator = request.get("ComparisonOperator") or ""
        if operator not in _BREACHES:
            raise NotJudged(f"the comparison {operator!r}")
        return cls(
            measure=measure,
            period=period,
            periods=periods,
            datapoints=int(request.get("DatapointsToAlarm") or periods),
            threshold=float(request.get("Threshold") or 0),
            operator=operator,
            missing=request.get("TreatMissingData") or "missing",
        )


@dataclass(frozen=True)
class Verdict:
    """The state an alarm should be in (OK, ALARM, INSUFFICIENT_DATA), and why."""

    state: str
    reason: str


def unjudged(request: Mapping[str, Any]) -> str | None:
    """The reason why an alarm is never evaluated here; None where it is."""
    try:
        Alarm.of(request)
    except NotJudged as reason:
        return f"Not evaluated here: this emulator does not support {reason}."
    return None


def judge(request: Mapping[str, Any], statistic: Statistic, now: float) -> Verdict | None:
    """The state that the data calls for; None where the alarm keeps its state.

    None also for an alarm that is not evaluated here.
    """
    try:
        alarm = Alarm.of(request)
    except NotJudged:
        return None
    breaches = _BREACHES[alarm.operator]
    ends = [now - index * alarm.period for index in range(alarm.periods)]
    values = [alarm.measure.at(statistic, end - alarm.period, end) for end in ends]
    present = [value for value in values if value is not None]
    if not present and alarm.missing == "ignore":
        return None
    if not present and alarm.missing == "missing":
        return Verdict("INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received.")
    absent = len(values) - len(present) if alarm.missing == "breaching" else 0
    breaching = [value for value in present if breaches(value, alarm.threshold)]
    crossed = len(breaching) + absent >= alarm.datapoints
    message = ", ".join(f"{value:g}" for value in (breaching if crossed else present)) or "no data"
    return Verdict(
        "ALARM" if crossed else "OK",
        f"Threshold Crossed: {alarm.measure.label} [{message}] was "
        f"{'' if crossed else 'not '}{alarm.operator} {alarm.threshold:g} in "
        f"{len(breaching) + absent} of the last {alarm.periods} period(s) of {alarm.period} s.",
    )


def check(request: Mapping[str, Any]) -> None:
    """Refuse what PutMetricAlarm refuses of `Metrics` (its API reference); raises Invalid."""
    validation.validate("cloudwatch", "PutMetricAlarm", dict(request))
    if mixed := [key for key in OF_ONE_METRIC if request.get(key)]:
        raise validation.Invalid(f"Metrics must not be given together with {', '.join(mixed)}.")
    ids = [one["Id"] for one in request["Metrics"]]
    if len(set(ids)) < len(ids):
        raise validation.Invalid(f"The Ids in Metrics must be unique: {', '.join(ids)}.")
    band = request.get("ThresholdMetricId")
    if band is not None and band not in ids:
        raise validation.Invalid(f"ThresholdMetricId {band} is no Id in Metrics.")
    returned = [one["Id"] for one in request["Metrics"] if one.get("ReturnData", True)]
    if band is None and len(returned) != 1:
        raise validation.Invalid("Exactly one element of Metrics must return data.")
