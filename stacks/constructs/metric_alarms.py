"""Alarms as resources."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.stage_plan import StageNames
from stacks.watching.alarm import Alarm, Band
from stacks.watching.metrics import Formula, Metric

_Alarm = cloudwatch.CfnAlarm
_BAND, _WATCHED = "usual", "watched"


class MetricAlarms(Construct):
    """Alarms whose severity chooses the topic that is notified when they go off and when they end.

    Each has a name of its own, so that the dashboard and other stacks can name it. They are of the
    low-level class: dozens of the other would cost synth a second.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        alarms: Sequence[Alarm],
        topic_arns: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id)
        self.by_name: dict[str, cloudwatch.CfnAlarm] = {}
        for alarm in alarms:
            name = names.alarm(alarm.name)
            topics = [topic_arns[alarm.severity]]
            self.by_name[name] = _Alarm(
                self,
                alarm.name,
                alarm_name=name,
                alarm_description=alarm.description,
                comparison_operator=alarm.comparison,
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.datapoints,
                treat_missing_data=alarm.missing,
                alarm_actions=topics,
                ok_actions=topics,
                **_watched(alarm),
            )


def _watched(alarm: Alarm) -> dict[str, Any]:
    watched, threshold = alarm.watched, alarm.threshold
    if isinstance(threshold, Band):
        usual = f"ANOMALY_DETECTION_BAND({_WATCHED}, {threshold.width:g})"
        band = _Alarm.MetricDataQueryProperty(id=_BAND, expression=usual, return_data=True)
        assert isinstance(watched, Metric)  # noqa: S101 - for the type checker: bands are of metrics
        return {"metrics": [band, _query(_WATCHED, watched, True)], "threshold_metric_id": _BAND}
    if isinstance(watched, Formula):
        expression = watched.expression.format(**{name: name for name in watched.metrics})
        result = _Alarm.MetricDataQueryProperty(
            id=_WATCHED, expression=expression, return_data=True
        )
        queries = [_query(name, metric, False) for name, metric in watched.metrics.items()]
        return {"metrics": [result, *queries], "threshold": threshold}
    percentile = watched.statistic.startswith("p")
    return {
        "namespace": watched.namespace,
        "metric_name": watched.name,
        "dimensions": _dimensions(watched),
        "extended_statistic" if percentile else "statistic": watched.statistic,
        "period": watched.period,
        "threshold": threshold,
    }


def _dimensions(metric: Metric) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [
        _Alarm.DimensionProperty(name=name, value=value)
        for name, value in metric.dimensions.items()
    ]


def _query(id: str, metric: Metric, returns: bool) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    named = _Alarm.MetricProperty(
        namespace=metric.namespace, metric_name=metric.name, dimensions=_dimensions(metric)
    )
    stat = _Alarm.MetricStatProperty(metric=named, period=metric.period, stat=metric.statistic)
    return _Alarm.MetricDataQueryProperty(id=id, metric_stat=stat, return_data=returns)
