"""An asynchronous endpoint that rests without instances and wakes for a request.

The two policies of the developer guide's page on scaling asynchronous endpoints, with shorter
periods.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.asynchronous.conftest import Endpoint, serve
from tests.localaws.sagemaker.conftest import STUB, Account, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def endpoint(emulator: TestEmulator) -> Iterator[Endpoint]:
    shutil.copytree(STUB, emulator.home / "images" / "stub", dirs_exist_ok=True)
    made = serve(Account(emulator))
    yield made
    made.account.delete(made.name)


@pytest.fixture
def target(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    """The registered target of the endpoint's instances, of which there may be none."""
    scaling = endpoint.account.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint.name}/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    yield target
    scaling.deregister_scalable_target(**target)


def dimensions(endpoint: Endpoint) -> list[dict[str, str]]:
    return [{"Name": "EndpointName", "Value": endpoint.name}]


def instances(endpoint: Endpoint) -> int:
    described = endpoint.account.describe(endpoint.name)
    settled = described["EndpointStatus"] == "InService"
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"]) if settled else -1


def rest_when_idle(endpoint: Endpoint, target: dict[str, Any]) -> None:
    endpoint.account.client("application-autoscaling").put_scaling_policy(
        **target,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0,
            "ScaleInCooldown": 0,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": dimensions(endpoint),
                "Statistic": "Average",
            },
        },
    )
    # The quarter of an hour that has to be quiet.
    now = datetime.now(UTC)
    endpoint.account.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": dimensions(endpoint),
                "Timestamp": now - timedelta(seconds=seconds),
                "Value": 0.0,
            }
            for seconds in range(5, 1000, 20)
        ],
    )


def wake_for_a_request(endpoint: Endpoint, target: dict[str, Any]) -> str:
    made = endpoint.account.client("application-autoscaling").put_scaling_policy(
        **target,
        PolicyName="wake",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )
    name = f"{endpoint.name}-waits"
    endpoint.account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=dimensions(endpoint),
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[made["PolicyARN"]],
    )
    return name


def test_it_goes_to_zero_when_idle_and_comes_back_for_a_request(
    endpoint: Endpoint, target: dict[str, Any]
) -> None:
    rest_when_idle(endpoint, target)
    alarm = wake_for_a_request(endpoint, target)
    eventually(lambda: instances(endpoint) == 0)
    answer = endpoint.invoke({"text": "anybody there?"})
    assert endpoint.result(answer["OutputLocation"])["answer"]
    causes = [
        one["Cause"]
        for one in endpoint.account.client("application-autoscaling").describe_scaling_activities(
            ServiceNamespace="sagemaker", ResourceId=target["ResourceId"]
        )["ScalingActivities"]
    ]
    assert f"monitor alarm {alarm} in state ALARM triggered policy wake" in causes
    assert any("AlarmLow" in cause and cause.endswith("policy backlog") for cause in causes)
