"""Alarms by boto3 and in stacks: metric math, composites, anomaly bands."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow

ACCOUNT = "222222222222"
_numbers = count(1)


class Watch:
    """CloudWatch and CloudFormation of an account, and metrics of this test's own."""

    def __init__(self, emulator: TestEmulator) -> None:
        self.cloudwatch = emulator.client("cloudwatch", ACCOUNT)
        self.cloudformation = emulator.client("cloudformation", ACCOUNT)
        self.name = f"watch-{next(_numbers)}"

    def put(self, **values: float) -> None:
        self.cloudwatch.put_metric_data(
            Namespace=self.name,
            MetricData=[{"MetricName": name, "Value": value} for name, value in values.items()],
        )

    def stat(self, metric: str, statistic: str = "Sum") -> dict[str, Any]:
        return {
            "Id": metric,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": self.name, "MetricName": metric},
                "Period": 60,
                "Stat": statistic,
            },
        }

    def rate(self, expression: str = "100 * errors / calls", **changes: Any) -> dict[str, Any]:
        """The members of an alarm on a rate above 5."""
        rate = {"Id": "rate", "Expression": expression, "Label": "error rate"}
        return {
            "AlarmName": self.name,
            "Metrics": [rate, self.stat("errors"), self.stat("calls")],
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            **changes,
        }

    def alarm(self, name: str = "") -> dict[str, Any]:
        found = self.cloudwatch.describe_alarms(
            AlarmNames=[name or self.name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        one: dict[str, Any] = (found["MetricAlarms"] + found["CompositeAlarms"])[0]
        return one

    def becomes(self, state: str, name: str = "") -> dict[str, Any]:
        eventually(lambda: self.alarm(name)["StateValue"] == state)
        return self.alarm(name)

    def deploy(self, **resources: dict[str, Any]) -> str:
        existing = self.cloudformation.list_stacks()["StackSummaries"]
        present = any(one["StackName"] == self.name for one in existing)
        change = self.cloudformation.update_stack if present else self.cloudformation.create_stack
        change(StackName=self.name, TemplateBody=json.dumps({"Resources": resources}))
        return eventually(self.settled)

    def settled(self) -> str | None:
        (one,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        status = str(one["StackStatus"])
        return None if status.endswith("IN_PROGRESS") else status

    def destroy(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        eventually(
            lambda: (
                self.name
                in {
                    one["StackName"]
                    for one in self.cloudformation.list_stacks(
                        StackStatusFilter=["DELETE_COMPLETE"]
                    )["StackSummaries"]
                }
            )
        )


@pytest.fixture
def watch(emulator: TestEmulator) -> Iterator[Watch]:
    made = Watch(emulator)
    yield made
    left = made.cloudwatch.describe_alarms(
        AlarmNamePrefix=made.name, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    for kind in ("CompositeAlarms", "MetricAlarms"):
        made.cloudwatch.delete_alarms(AlarmNames=[one["AlarmName"] for one in left[kind]])


def test_a_rate_above_its_threshold_sets_off_its_alarm(watch: Watch) -> None:
    watch.put(errors=1, calls=100)
    watch.cloudwatch.put_metric_alarm(**watch.rate())
    assert "error rate [1] was not" in watch.becomes("OK")["StateReason"]
    watch.put(errors=9, calls=20)
    assert "error rate [8.33333] was GreaterThan" in watch.becomes("ALARM")["StateReason"]


def test_a_rate_of_no_calls_is_missing_data(watch: Watch) -> None:
    watch.cloudwatch.put_metric_alarm(**watch.rate(TreatMissingData="notBreaching"))
    watch.becomes("OK")
    filled = watch.rate("FILL(errors, 7) / FILL(calls, 1)", TreatMissingData="notBreaching")
    watch.cloudwatch.put_metric_alarm(**filled)
    watch.becomes("ALARM")


def test_an_expression_may_build_on_another(watch: Watch) -> None:
    request = watch.rate("IF(calls > 10, share, 0)")
    share = {"Id": "share", "Expression": "100 * errors / calls", "ReturnData": False}
    watch.put(errors=5, calls=10)
    watch.cloudwatch.put_metric_alarm(**{**request, "Metrics": [*request["Metrics"], share]})
    watch.becomes("OK")
    watch.put(errors=1, calls=1)
    watch.becomes("ALARM")


def test_an_alarm_on_metric_math_is_described_as_it_was_given(watch: Watch) -> None:
    request = watch.rate()
    watch.cloudwatch.put_metric_alarm(**request)
    described = watch.alarm()
    assert described["Metrics"] == request["Metrics"]
    assert not {"MetricName", "Namespace", "Statistic", "Period"} & described.keys()


def test_what_is_not_evaluated_here_says_so_and_keeps_what_is_set_by_hand(watch: Watch) -> None:
    watch.put(errors=9, calls=20)
    watch.cloudwatch.put_metric_alarm(**watch.rate("RATE(errors)"))
    described = watch.alarm()
    assert described["StateValue"] == "INSUFFICIENT_DATA"
    assert "Not evaluated here" in described["StateReason"]
    assert "RATE" in described["StateReason"]
    watch.cloudwatch.set_alarm_state(
        AlarmName=watch.name, StateValue="ALARM", StateReason="a rehearsal"
    )
    judged = f"{watch.name}-judged"
    watch.cloudwatch.put_metric_alarm(**watch.rate(AlarmName=judged))
    watch.becomes("ALARM", judged)
    assert watch.alarm()["StateReason"] == "a rehearsal"


def band(watch: Watch) -> dict[str, Any]:
    expected = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(calls, 2)"}
    return {
        "AlarmName": watch.name,
        "Metrics": [{**watch.stat("calls"), "ReturnData": True}, expected],
        "ThresholdMetricId": "band",
        "EvaluationPeriods": 3,
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
    }


def test_an_anomaly_band_is_kept_and_not_judged(watch: Watch) -> None:
    watch.cloudwatch.put_metric_alarm(**band(watch))
    described = watch.alarm()
    assert described["ThresholdMetricId"] == "band"
    assert "Threshold" not in described
    assert described["StateValue"] == "INSUFFICIENT_DATA"
    assert "Not evaluated here" in described["StateReason"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"MetricName": "calls", "Namespace": "a"}, "together with MetricName, Namespace"),
        ({"ThresholdMetricId": "none"}, "ThresholdMetricId none"),
        ({"Metrics": [{"Id": "a", "Expression": "1"}, {"Id": "b", "Expression": "1"}]}, "Exactly"),
        ({"Metrics": [{"Id": "a", "Expression": "1"}, {"Id": "a", "Expression": "1"}]}, "unique"),
    ],
)
def test_metrics_that_cloudwatch_refuses_are_refused(
    watch: Watch, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        watch.cloudwatch.put_metric_alarm(**watch.rate(**changes))
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::CloudWatch::{kind}", "Properties": properties}


def test_a_stack_has_alarms_on_metric_math_and_bands(watch: Watch) -> None:
    # CDK writes numbers as numbers, people at times as strings.
    rate = resource("Alarm", **watch.rate(Threshold="5", EvaluationPeriods="1"))
    alarm = {**band(watch), "AlarmName": f"{watch.name}-band"}
    detector = resource("AnomalyDetector", Namespace=watch.name, MetricName="calls", Stat="Average")
    watch.put(errors=9, calls=20)
    resources = {"Rate": rate, "Band": resource("Alarm", **alarm), "Detector": detector}
    assert watch.deploy(**resources) == "CREATE_COMPLETE"
    watch.becomes("ALARM")
    assert watch.alarm(f"{watch.name}-band")["StateValue"] == "INSUFFICIENT_DATA"
    rate["Properties"]["Threshold"] = 50
    assert watch.deploy(**resources) == "UPDATE_COMPLETE"
    watch.becomes("OK")
    watch.destroy()
    assert not watch.cloudwatch.describe_alarms(AlarmNamePrefix=watch.name)["MetricAlarms"]


def test_a_stack_refuses_metrics_that_cloudwatch_refuses(watch: Watch) -> None:
    wrong = resource("Alarm", **watch.rate(ThresholdMetricId="none"))
    assert watch.deploy(Rate=wrong) == "ROLLBACK_COMPLETE"
    watch.destroy()


def test_a_composite_alarm_of_a_stack_follows_its_children(watch: Watch) -> None:
    def child(metric: str) -> dict[str, Any]:
        return resource(
            "Alarm",
            AlarmName=f"{watch.name}-{metric}",
            Namespace=watch.name,
            MetricName=metric,
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )

    rule = {
        "Fn::Sub": 'ALARM("${Errors}") AND (NOT ALARM("${Planned.Arn}") OR OK("${Slow}"))',
    }
    resources = {
        "Errors": child("errors"),
        "Planned": child("planned"),
        "Slow": child("slow"),
        "Both": resource("CompositeAlarm", AlarmName=watch.name, AlarmRule=rule),
    }
    assert watch.deploy(**resources) == "CREATE_COMPLETE"
    watch.becomes("OK")
    watch.put(errors=2)
    watch.becomes("ALARM")
    watch.put(planned=2, slow=2)
    assert watch.becomes("OK")["StateReason"]
    resources["Both"]["Properties"]["AlarmRule"] = {"Fn::Sub": 'ALARM("${Errors}")'}
    assert watch.deploy(**resources) == "UPDATE_COMPLETE"
    watch.becomes("ALARM")
    watch.destroy()
    left = watch.cloudwatch.describe_alarms(
        AlarmNamePrefix=watch.name, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    assert left["MetricAlarms"] == left["CompositeAlarms"] == []
