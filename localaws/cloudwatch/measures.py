"""The measure that an alarm watches: one metric, or metric math over several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from localaws.cloudwatch.metric_math import Formula, NotJudged, Value


@dataclass(frozen=True)
class Metric:
    """A metric and the statistic of it that is asked for."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str

    @property
    def label(self) -> str:
        """Its name in an alarm's reason."""
        return f"{self.statistic} of {self.name}"

    def at(self, statistic: "Statistic", start: float, end: float) -> Value:
        """Its value over [start, end) in epoch seconds; None where there is no data."""
        return statistic(self, start, end)


Statistic = Callable[[Metric, float, float], Value]
"""A metric's statistic over [start, end) in epoch seconds; None where there is no data."""


class Measure(Protocol):
    """What has a value in each period."""

    @property
    def label(self) -> str:
        """Its name in an alarm's reason."""

    def at(self, statistic: Statistic, start: float, end: float) -> Value:
        """Its value over [start, end) in epoch seconds; None where there is no data."""


@dataclass(frozen=True)
class Query:
    """The query of an alarm's `Metrics` that returns data, among all of them."""

    id: str
    label: str
    metrics: Mapping[str, Metric]
    formulas: Mapping[str, Formula]

    def at(self, statistic: Statistic, start: float, end: float) -> Value:
        """Its value over [start, end) in epoch seconds; None where there is no data.

        Raises NotJudged.
        """
        return self._value(self.id, lambda metric: metric.at(statistic, start, end), ())

    def _value(self, name: str, read: Callable[[Metric], Value], above: tuple[str, ...]) -> Value:
        if name in self.metrics:
            return read(self.metrics[name])
        if name not in self.formulas or name in above:
            raise NotJudged(f"the id {name!r}, which no other query of the alarm has,")
        return self.formulas[name].at(lambda one: self._value(one, read, (*above, name)))


def of(request: Mapping[str, Any]) -> tuple[Measure, int]:
    """What a PutMetricAlarm-shaped document watches, and its period in seconds.

    Raises NotJudged for what is not evaluated here.
    """
    queries: Sequence[Mapping[str, Any]] = request.get("Metrics") or ()
    if not queries:
        if not request.get("MetricName"):
            raise NotJudged("an alarm without a metric")
        statistic = request.get("ExtendedStatistic") or request.get("Statistic") or "Average"
        return _metric(request, statistic), int(request.get("Period") or 60)
    if "ThresholdMetricId" in request:
        raise NotJudged("an anomaly detection band")
    stats = {one["Id"]: one["MetricStat"] for one in queries if "MetricStat" in one}
    written = {one["Id"]: one["Expression"] for one in queries if "Expression" in one}
    # The default is true (MetricDataQuery.ReturnData).
    (result,) = (one for one in queries if one.get("ReturnData", True))
    found = Query(
        result["Id"],
        result.get("Label") or result.get("Expression") or result["Id"],
        {name: _metric(one["Metric"], one["Stat"]) for name, one in stats.items()},
        {name: Formula(one, tuple(stats)) for name, one in written.items()},
    )
    found.at(lambda _metric, _start, _end: 1.0, 0, 1)
    periods = [one["Period"] for one in stats.values()] or [result.get("Period") or 60]
    return found, int(max(periods))


def _metric(request: Mapping[str, Any], statistic: str) -> Metric:
    dimensions = tuple((one["Name"], one["Value"]) for one in request.get("Dimensions") or [])
    return Metric(request.get("Namespace") or "", request["MetricName"], dimensions, statistic)
