"""How a metric alarm is judged."""

import pytest

from localaws.cloudwatch.alarms import evaluate
from localaws.cloudwatch.measures import Metric

NOW = 1_000_000.0
ERRORS = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def state(values: list[float | None], **changes: object) -> str | None:
    """The verdict on the values of the last periods, the newest first."""

    def statistic(metric: Metric, start: float, end: float) -> float | None:
        del metric
        return values[round((NOW - end) / (end - start))]

    verdict = evaluate({**ERRORS, **changes}, statistic, NOW)
    return verdict.state if verdict else None


def test_it_takes_as_many_breaching_periods_as_datapoints_to_alarm() -> None:
    assert state([9, 9, 0]) == "ALARM"
    assert state([9, 0, 0]) == "OK"
    assert state([5, 5, 5]) == "OK"
    assert state([9, 9, 0], DatapointsToAlarm=None) == "OK"
    assert state([9, 9, 9], DatapointsToAlarm=None) == "ALARM"


@pytest.mark.parametrize(
    ("missing", "none", "one_breach"),
    [
        ("notBreaching", "OK", "OK"),
        ("breaching", "ALARM", "ALARM"),
        ("ignore", None, "OK"),
        ("missing", "INSUFFICIENT_DATA", "OK"),
    ],
)
def test_missing_data_counts_as_the_alarm_says(
    missing: str, none: str | None, one_breach: str
) -> None:
    assert state([None, None, None], TreatMissingData=missing) == none
    assert state([9, None, None], TreatMissingData=missing) == one_breach


@pytest.mark.parametrize(
    ("operator", "at_threshold"),
    [
        ("GreaterThanOrEqualToThreshold", "ALARM"),
        ("GreaterThanThreshold", "OK"),
        ("LessThanThreshold", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM"),
    ],
)
def test_the_threshold_itself_belongs_to_the_operators_with_equal(
    operator: str, at_threshold: str
) -> None:
    assert state([5, 5, 5], ComparisonOperator=operator) == at_threshold


def test_a_percentile_is_asked_for_by_its_own_name() -> None:
    asked = []

    def statistic(metric: Metric, start: float, end: float) -> float:
        del start, end
        asked.append(metric.statistic)
        return 0

    evaluate({**ERRORS, "Statistic": "Average", "ExtendedStatistic": "p99"}, statistic, NOW)
    assert set(asked) == {"p99"}


def test_what_has_no_metric_is_left_alone() -> None:
    assert state([9, 9, 9], MetricName="") is None
    assert state([9, 9, 9], ComparisonOperator="GreaterThanUpperThreshold") is None
