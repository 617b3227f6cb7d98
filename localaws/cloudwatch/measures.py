"""The measure that an alarm watches: one metric, or metric math over several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.cloudwatch.metric_math import Formula, NotEvaluatedError, Value


@dataclass(frozen=True)
class Metric:
    """A metric and the statistic of it that is asked for."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str


Statistic = Callable[[Metric, float, float], Value]
"""A metric's statistic over [start, end) in epoch seconds; None where there is no data."""


@dataclass(frozen=True)
class Measure:
    """A value in each period of so many seconds.

    label: its name in an alarm's reason; at: its value over [start, end) in epoch seconds.
    """

    label: str
    period: int
    at: Callable[[Statistic, float, float], Value]


def of(request: Mapping[str, Any]) -> Measure:
    """The measure of a PutMetricAlarm-shaped document; NotEvaluatedError where it has none here."""
    queries: Sequence[Mapping[str, Any]] = request.get("Metrics") or ()
    if queries:
        return _math(request, queries)
    if not request.get("MetricName"):
        raise NotEvaluatedError("an alarm without a metric")
    metric = _metric(
        request, request.get("ExtendedStatistic") or request.get("Statistic") or "Average"
    )
    return Measure(
        f"{metric.statistic} of {metric.name}",
        int(request.get("Period") or 60),
        lambda statistic, start, end: statistic(metric, start, end),
    )


def recent(measure: Measure, statistic: Statistic, periods: int, now: float) -> list[float]:
    """The values of the last periods, the last of which ends now; periods without data left out."""
    ends = [now - number * measure.period for number in range(periods)]
    values = [measure.at(statistic, end - measure.period, end) for end in ends]
    return [value for value in values if value is not None]


def _math(request: Mapping[str, Any], queries: Sequence[Mapping[str, Any]]) -> Measure:
    if "ThresholdMetricId" in request:
        raise NotEvaluatedError("an anomaly detection band")
    stats = {one["Id"]: one["MetricStat"] for one in queries if "MetricStat" in one}
    metrics = {name: _metric(one["Metric"], one["Stat"]) for name, one in stats.items()}
    formulas = {
        one["Id"]: Formula(one["Expression"], tuple(stats))
        for one in queries
        if "Expression" in one
    }

    def value(name: str, read: Callable[[Metric], Value], above: tuple[str, ...] = ()) -> Value:
        if name in metrics:
            return read(metrics[name])
        if name not in formulas or name in above:
            raise NotEvaluatedError(f"the id {name!r}, which no other query of the alarm has,")
        return formulas[name].at(lambda one: value(one, read, (*above, name)))

    # The default is true (MetricDataQuery.ReturnData).
    (result,) = (one for one in queries if one.get("ReturnData", True))
    value(result["Id"], lambda _metric: 1.0)
    periods = [one["Period"] for one in stats.values()] or [result.get("Period") or 60]
    return Measure(
        result.get("Label") or result.get("Expression") or result["Id"],
        int(max(periods)),
        lambda statistic, start, end: value(result["Id"], lambda one: statistic(one, start, end)),
    )


def _metric(request: Mapping[str, Any], statistic: str) -> Metric:
    dimensions = tuple((one["Name"], one["Value"]) for one in request.get("Dimensions") or [])
    return Metric(request.get("Namespace") or "", request["MetricName"], dimensions, statistic)
