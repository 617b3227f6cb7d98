"""How a metric alarm is evaluated, after the CloudWatch guide's page on evaluating alarms.

Time is cut into periods that end now, rather than at whole minutes as in CloudWatch, so that a
rehearsal sees an alarm at once.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from localaws import validation
from localaws.cloudwatch import measures
from localaws.cloudwatch.measures import Statistic
from localaws.cloudwatch.metric_math import NotEvaluatedError
from localaws.json_api import refuse
from localaws.ministack.cloudwatch import OF_ONE_METRIC

BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class Verdict(NamedTuple):
    """The state an alarm should be in (OK, ALARM, INSUFFICIENT_DATA), and why."""

    state: str
    reason: str


def _watched(request: Mapping[str, Any]) -> tuple[measures.Measure, str]:
    """The measure and the comparison of an alarm; NotEvaluatedError for one not evaluated here."""
    measure, comparison = measures.of(request), request.get("ComparisonOperator") or ""
    if comparison not in BREACHES:
        raise NotEvaluatedError(f"the comparison {comparison!r}")
    return measure, comparison


def not_evaluated(request: Mapping[str, Any]) -> str | None:
    """The reason why an alarm is never evaluated here; None where it is."""
    try:
        _watched(request)
    except NotEvaluatedError as reason:
        return f"Not evaluated here: this emulator does not support {reason}."
    return None


def evaluate(request: Mapping[str, Any], statistic: Statistic, now: float) -> Verdict | None:
    """The state that the data calls for; None where the alarm keeps its state.

    None also for an alarm that is not evaluated here.
    """
    try:
        measure, comparison = _watched(request)
    except NotEvaluatedError:
        return None
    threshold, breaches = float(request.get("Threshold") or 0), BREACHES[comparison]
    periods = int(request.get("EvaluationPeriods") or 1)
    datapoints = int(request.get("DatapointsToAlarm") or periods)
    missing = request.get("TreatMissingData") or "missing"
    present = measures.recent(measure, statistic, periods, now)
    if not present and missing == "ignore":
        return None
    if not present and missing == "missing":
        return Verdict("INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received.")
    absent = periods - len(present) if missing == "breaching" else 0
    breaching = [value for value in present if breaches(value, threshold)]
    crossed = len(breaching) + absent >= datapoints
    message = ", ".join(f"{value:g}" for value in (breaching if crossed else present)) or "no data"
    return Verdict(
        "ALARM" if crossed else "OK",
        f"Threshold Crossed: {measure.label} [{message}] was "
        f"{'' if crossed else 'not '}{comparison} {threshold:g} in "
        f"{len(breaching) + absent} of the last {periods} period(s) of {measure.period} s.",
    )


def check(request: Mapping[str, Any]) -> None:
    """Refuse what PutMetricAlarm refuses of `Metrics` (its API reference).

    Raises AwsError.
    """
    validation.validate("cloudwatch", "PutMetricAlarm", dict(request))
    mixed = [key for key in OF_ONE_METRIC if request.get(key)]
    refuse(mixed, f"Metrics must not be given together with {', '.join(mixed)}.")
    ids = [one["Id"] for one in request["Metrics"]]
    refuse(len(set(ids)) < len(ids), f"The Ids in Metrics must be unique: {', '.join(ids)}.")
    band = request.get("ThresholdMetricId", ids[0])
    refuse(band not in ids, f"ThresholdMetricId {band} is no Id in Metrics.")
    returned = [one["Id"] for one in request["Metrics"] if one.get("ReturnData", True)]
    refuse(
        "ThresholdMetricId" not in request and len(returned) != 1,
        "Exactly one element of Metrics must return data.",
    )
