"""Invocations in the emulated CloudWatch, and the alarms that read them."""

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import Account, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint(account: Account) -> Iterator[str]:
    name = account.serve(InitialInstanceCount=2)
    yield name
    account.delete(name)


def read(
    account: Account, endpoint: str, metric: str, statistic: str, variant: str = "all"
) -> float | None:
    now = datetime.now(UTC)
    answer = account.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=1),
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": metric,
                        "Dimensions": dimensions(endpoint, variant),
                    },
                    "Period": 3600,
                    "Stat": statistic,
                },
            }
        ],
    )
    values = answer["MetricDataResults"][0]["Values"]
    # Two values where the hour turned within the test.
    return sum(values) if statistic == "Sum" else max(values, default=None)


def dimensions(endpoint: str, variant: str = "all") -> list[dict[str, str]]:
    return [
        {"Name": "EndpointName", "Value": endpoint},
        {"Name": "VariantName", "Value": variant},
    ]


def test_every_invocation_is_counted_by_its_outcome(account: Account, endpoint: str) -> None:
    for status in (200, 200, 200, 404, 500, 503):
        with contextlib.suppress(ClientError):
            account.invoke(endpoint, {"status": status})
    eventually(lambda: read(account, endpoint, "Invocations", "Sum") == 6)
    assert read(account, endpoint, "Invocation4XXErrors", "Sum") == 1
    assert read(account, endpoint, "Invocation5XXErrors", "Sum") == 2
    assert read(account, endpoint, "InvocationsPerInstance", "Sum") == 3


def test_they_are_there_for_each_endpoint_configuration_too(
    account: Account, endpoint: str
) -> None:
    account.invoke(endpoint)
    config = account.describe(endpoint)["EndpointConfigName"]
    own = [*dimensions(endpoint), {"Name": "EndpointConfigName", "Value": config}]

    def published() -> set[str]:
        found = account.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker", Dimensions=own)
        return {one["MetricName"] for one in found["Metrics"]}

    assert {"Invocations", "Invocation5XXErrors", "ModelLatency"} <= eventually(published)


def test_latencies_are_microseconds_with_percentiles(account: Account) -> None:
    name = account.serve()
    account.invoke(name, {"sleep": 0.3})
    for _ in range(9):
        account.invoke(name)
    eventually(lambda: read(account, name, "Invocations", "Sum") == 10)
    slow, usual = (read(account, name, "ModelLatency", one) for one in ("p99", "p50"))
    assert slow is not None
    assert usual is not None
    assert 250_000 < slow < 5_000_000
    assert usual < 250_000
    assert (read(account, name, "OverheadLatency", "Average") or 0) > 0
    account.delete(name)


def test_instances_tell_what_they_use(account: Account, endpoint: str) -> None:
    def look() -> set[str]:
        found = account.client("cloudwatch").list_metrics(
            Namespace="/aws/sagemaker/Endpoints", Dimensions=dimensions(endpoint)
        )
        return {one["MetricName"] for one in found["Metrics"]}

    assert eventually(look) == {"CPUUtilization", "MemoryUtilization"}


def test_the_requests_inside_an_instance_are_counted(account: Account) -> None:
    name = account.serve()
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(account.invoke, name, {"sleep": 3})
    eventually(lambda: read(account, name, "ConcurrentRequestsPerModel", "Maximum") == 3)
    account.delete(name)


def alarm(endpoint: str, topic: str, metric: str, **properties: object) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": "AWS/SageMaker",
            "MetricName": metric,
            "Dimensions": dimensions(endpoint),
            "Period": 60,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [topic],
            **properties,
        },
    }


class Alarms:
    """A stack of alarms on an endpoint, and a queue that their topic feeds.

    The one on latency goes off at more than `microseconds`.
    """

    def __init__(self, account: Account, name: str, endpoint: str, *, microseconds: int) -> None:
        self.name = name
        self.cloudwatch = account.client("cloudwatch")
        self.sqs = account.client("sqs")
        topic = account.client("sns").create_topic(Name=name)["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        account.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        errors = alarm(
            endpoint,
            topic,
            "Invocation5XXErrors",
            AlarmName=f"{name}-errors",
            Statistic="Sum",
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
        latency = alarm(
            endpoint,
            topic,
            "ModelLatency",
            AlarmName=f"{name}-latency",
            ExtendedStatistic="p99",
            Threshold=microseconds,
            ComparisonOperator="GreaterThanThreshold",
        )
        body = json.dumps({"Resources": {"Errors": errors, "Latency": latency}})
        account.client("cloudformation").create_stack(StackName=name, TemplateBody=body)
        eventually(lambda: self.states() == {"errors": "OK", "latency": "OK"})

    def states(self) -> dict[str, str]:
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix=self.name)["MetricAlarms"]
        return {one["AlarmName"].rpartition("-")[2]: one["StateValue"] for one in found}

    def message(self) -> dict[str, Any]:
        received = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=10)["Messages"]
        message: dict[str, Any] = json.loads(json.loads(received[0]["Body"])["Message"])
        return message


def test_a_server_error_sets_off_the_alarm_on_it_and_no_other(account: Account) -> None:
    watched, other = account.serve(), account.serve()
    alarms = Alarms(account, "a5xx", watched, microseconds=60_000_000)
    with pytest.raises(ClientError):
        account.invoke(other, {"status": 500})
    account.invoke(watched)
    eventually(lambda: read(account, other, "Invocations", "Sum"))
    assert alarms.states() == {"errors": "OK", "latency": "OK"}
    with pytest.raises(ClientError):
        account.invoke(watched, {"status": 500})
    eventually(lambda: alarms.states() == {"errors": "ALARM", "latency": "OK"})
    message = alarms.message()
    assert message["AlarmName"] == "a5xx-errors"
    assert message["NewStateValue"] == "ALARM"
    assert "Threshold Crossed" in message["NewStateReason"]
    account.delete(watched)
    account.delete(other)


def test_slow_answers_set_off_the_alarm_on_latency(account: Account) -> None:
    name = account.serve()
    alarms = Alarms(account, "slow", name, microseconds=200_000)
    account.invoke(name, {"sleep": 0.4})
    eventually(lambda: alarms.states() == {"errors": "OK", "latency": "ALARM"})
    assert alarms.message()["AlarmName"] == "slow-latency"
    account.delete(name)
