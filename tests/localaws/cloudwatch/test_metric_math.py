"""What metric math gives for one period."""

import pytest

from localaws.cloudwatch.metric_math import Formula, NotEvaluatedError

DATA = {"errors": 3.0, "calls": 12.0, "idle": 0.0, "none": None}


def value(expression: str) -> float | None:
    return Formula(expression, ("errors", "calls")).at(lambda name: DATA[name])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("100 * errors / calls", 25),
        ("100*(errors+1)/(calls - 2)", 40),
        ("-errors + 0.5", -2.5),
        ("IF(calls > 10, errors / calls, 0)", 0.25),
        ("IF(calls>100, errors/calls, 0)", 0),
        ("IF(calls >= 12 && errors != 0, 1, 2)", 1),
        ("IF(calls < 12 OR errors == 3, 1, 2)", 1),
        ("SUM([errors, calls])", 15),
        ("AVG([errors, calls])", 7.5),
        ("MIN([errors, calls, idle])", 0),
        ("MAX(METRICS())", 12),
        ('SUM(METRICS("err"))', 3),
        ("FILL(none, 0) + errors", 3),
        ("SUM(FILL([none, errors], 2))", 5),
        ("SUM([none, errors])", 3),
    ],
)
def test_it_computes_what_error_rates_are_written_with(expression: str, expected: float) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression",
    ["errors / none", "none + 1", "errors / idle", "IF(none > 1, 2, 3)", "MAX([none])"],
)
def test_without_data_or_by_zero_there_is_no_data_point(expression: str) -> None:
    assert value(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "RATE(errors)",
        "ANOMALY_DETECTION_BAND(errors, 2)",
        "SUM(errors)",
        "errors ^ 2",
        "__import__('os').system('true')",
        "errors +",
        "[errors, calls]",
        "FILL(errors, REPEAT, 1)",
        "IF(1 > 0, errors, PERIOD(calls))",
        "SEARCH('{AWS/SageMaker} Invocations', 'Sum')",
        "1 < errors < 4",
    ],
)
def test_anything_else_is_named_and_not_judged(expression: str) -> None:
    with pytest.raises(NotEvaluatedError):
        value(expression)
