"""Application Auto Scaling as boto3 sees it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

RESOURCE = "endpoint/scaled/variant/all"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
DIMENSIONS = [
    {"Name": "EndpointName", "Value": "scaled"},
    {"Name": "VariantName", "Value": "all"},
]
TRACKING = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}

pytestmark = pytest.mark.slow


@pytest.fixture
def scaling(emulator: TestEmulator) -> Any:
    return emulator.client("application-autoscaling", "dev")


@pytest.fixture
def target(scaling: Any, endpoint: str) -> Iterator[Any]:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3, Tags={"team": "ner"})
    yield scaling
    if scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        scaling.deregister_scalable_target(**TARGET)


def put_policy(scaling: Any, **changes: Any) -> Any:
    return scaling.put_scaling_policy(
        **TARGET,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING | changes,
    )


def instances(emulator: TestEmulator) -> int:
    """The endpoint's instances while it is in no transition, else -1."""
    described = emulator.client("sagemaker", "dev").describe_endpoint(EndpointName="scaled")
    settled = described["EndpointStatus"] == "InService"
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"]) if settled else -1


def settle(emulator: TestEmulator, count: int) -> None:
    """Give the endpoint that many instances, whatever an earlier test left."""
    eventually(lambda: instances(emulator) > 0)
    emulator.client("sagemaker", "dev").update_endpoint_weights_and_capacities(
        EndpointName="scaled",
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": count}],
    )
    eventually(lambda: instances(emulator) == count)


def latest_activity(scaling: Any) -> dict[str, Any]:
    found = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    latest: dict[str, Any] = found[0]
    return latest


def code_and_message(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_variant_that_is_not_there_is_refused(scaling: Any, endpoint: str) -> None:
    missing = TARGET | {"ResourceId": f"endpoint/{endpoint}/variant/none"}
    with pytest.raises(ClientError) as refused:
        scaling.register_scalable_target(**missing, MinCapacity=1, MaxCapacity=2)
    code, message = code_and_message(refused)
    assert code == "ValidationException"
    assert "variant/none" in message


def test_a_maximum_below_the_minimum_is_refused(scaling: Any, endpoint: str) -> None:
    with pytest.raises(ClientError) as refused:
        scaling.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=1)
    assert code_and_message(refused)[0] == "ValidationException"


def test_a_policy_needs_a_registered_target(scaling: Any, endpoint: str) -> None:
    with pytest.raises(ClientError) as refused:
        put_policy(scaling)
    assert code_and_message(refused)[0] == "ObjectNotFoundException"


def test_what_only_the_services_model_forbids_is_refused_in_its_words(target: Any) -> None:
    with pytest.raises(ClientError) as refused:
        target.put_scaling_policy(**TARGET, PolicyName="track", PolicyType="Guessing")
    code, message = code_and_message(refused)
    assert code == "ValidationException"
    assert "Member must satisfy enum value set: [StepScaling, " in message


def test_registering_again_changes_what_is_named_and_keeps_the_rest(target: Any) -> None:
    arn = target.register_scalable_target(**TARGET, MaxCapacity=5)["ScalableTargetARN"]
    (found,) = target.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 5)
    assert found["ScalableTargetARN"] == arn


def test_a_policy_has_the_two_alarms_of_target_tracking(
    target: Any, emulator: TestEmulator
) -> None:
    made = put_policy(target)
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    alarms = emulator.client("cloudwatch", "dev").describe_alarms(AlarmNames=names)["MetricAlarms"]
    high, low = sorted(alarms, key=lambda alarm: str(alarm["AlarmName"]))
    assert high["AlarmName"].startswith(f"TargetTracking-{RESOURCE}-AlarmHigh-")
    assert (high["Threshold"], high["EvaluationPeriods"], high["Period"]) == (100, 3, 60)
    assert low["AlarmName"].startswith(f"TargetTracking-{RESOURCE}-AlarmLow-")
    assert (low["Threshold"], low["EvaluationPeriods"], low["Period"]) == (90, 15, 60)
    for alarm in (high, low):
        assert alarm["AlarmActions"] == [made["PolicyARN"]]
        assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {
            "EndpointName": "scaled",
            "VariantName": "all",
        }


def test_putting_a_policy_again_keeps_its_identity_and_moves_its_alarms(
    target: Any, emulator: TestEmulator
) -> None:
    first, second = put_policy(target), put_policy(target, TargetValue=200.0)
    assert first == second | {"ResponseMetadata": first["ResponseMetadata"]}
    high = first["Alarms"][0]["AlarmName"]
    (alarm,) = emulator.client("cloudwatch", "dev").describe_alarms(AlarmNames=[high])[
        "MetricAlarms"
    ]
    assert alarm["Threshold"] == 200


def test_deregistering_takes_policies_and_alarms_with_it(
    target: Any, emulator: TestEmulator
) -> None:
    put_policy(target)
    target.deregister_scalable_target(**TARGET)
    assert not target.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    alarms = emulator.client("cloudwatch", "dev").describe_alarms(AlarmNamePrefix="TargetTracking-")
    assert not alarms["MetricAlarms"]
    with pytest.raises(ClientError) as refused:
        target.deregister_scalable_target(**TARGET)
    assert code_and_message(refused)[0] == "ObjectNotFoundException"


def test_answers_come_in_pages(target: Any) -> None:
    put_policy(target)
    target.put_scaling_policy(
        **TARGET,
        PolicyName="other",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    pages = target.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 1}
    )
    assert [[each["PolicyName"] for each in page["ScalingPolicies"]] for page in pages] == [
        ["track"],
        ["other"],
    ]


def test_other_accounts_do_not_see_it(target: Any, emulator: TestEmulator) -> None:
    other = emulator.client("application-autoscaling", "prod")
    assert not other.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_what_is_not_emulated_says_so(target: Any) -> None:
    with pytest.raises(ClientError, match="does not emulate 'GetPredictiveScalingForecast'"):
        target.get_predictive_scaling_forecast(
            **TARGET, PolicyName="x", StartTime=datetime.now(UTC), EndTime=datetime.now(UTC)
        )
    with pytest.raises(ClientError, match="policies of PolicyType PredictiveScaling"):
        target.put_scaling_policy(**TARGET, PolicyName="p", PolicyType="PredictiveScaling")


def test_a_real_time_variant_has_one_instance_at_least(target: Any) -> None:
    with pytest.raises(ClientError, match="only asynchronous endpoints scale to zero") as refused:
        target.register_scalable_target(**TARGET, MinCapacity=0)
    assert code_and_message(refused)[0] == "ValidationException"


def test_the_concurrency_of_a_variant_with_instances_is_no_target(scaling: Any) -> None:
    concurrency = TARGET | {"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}
    with pytest.raises(ClientError, match="variant doesn't exist"):
        scaling.register_scalable_target(**concurrency, MinCapacity=1, MaxCapacity=2)


def test_concurrent_requests_are_tracked_by_alarms_of_ten_seconds(
    target: Any, emulator: TestEmulator
) -> None:
    high_resolution = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    made = put_policy(
        target, PredefinedMetricSpecification={"PredefinedMetricType": high_resolution}
    )
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    alarms = emulator.client("cloudwatch", "dev").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert {(one["Period"], one["EvaluationPeriods"]) for one in alarms} == {(10, 3), (10, 90)}
    assert {one["MetricName"] for one in alarms} == {"ConcurrentRequestsPerModel"}
    now = datetime.now(UTC)
    emulator.client("cloudwatch", "dev").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "ConcurrentRequestsPerModel",
                "Dimensions": DIMENSIONS,
                # Ahead of the clock too, so that no period of the next half minute is quiet.
                "Timestamp": now + timedelta(seconds=seconds),
                "Values": [1000.0],
                "Counts": [10.0],
            }
            for seconds in range(-40, 40, 5)
        ],
    )
    eventually(lambda: instances(emulator) == 3)


def test_an_alarm_with_a_policy_as_its_action_takes_the_policys_steps(
    target: Any, emulator: TestEmulator
) -> None:
    settle(emulator, 1)
    made = target.put_scaling_policy(
        **TARGET,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [
                {
                    "MetricIntervalLowerBound": 0,
                    "MetricIntervalUpperBound": 10,
                    "ScalingAdjustment": 1,
                },
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
            ],
        },
    )
    cloudwatch = emulator.client("cloudwatch", "dev")
    cloudwatch.put_metric_alarm(
        AlarmName="busy",
        Namespace="own",
        MetricName="load",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[made["PolicyARN"]],
    )
    (described,) = target.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in described["Alarms"]] == ["busy"]
    assert described["StepScalingPolicyConfiguration"]["AdjustmentType"] == "ChangeInCapacity"
    try:
        cloudwatch.put_metric_data(
            Namespace="own", MetricData=[{"MetricName": "load", "Value": 20.0}]
        )
        eventually(lambda: instances(emulator) == 3)
        latest = latest_activity(target)
        assert latest["Cause"] == "monitor alarm busy in state ALARM triggered policy steps"
    finally:
        cloudwatch.delete_alarms(AlarmNames=["busy"])


def test_a_scheduled_action_gives_its_target_new_bounds(
    target: Any, emulator: TestEmulator
) -> None:
    settle(emulator, 1)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    action = {**TARGET, "ScheduledActionName": "morning"}
    target.put_scheduled_action(
        **action,
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 4},
    )
    (described,) = target.describe_scheduled_actions(ServiceNamespace="sagemaker")[
        "ScheduledActions"
    ]
    assert described["ScheduledActionName"] == "morning"
    assert ":scheduledAction:" in described["ScheduledActionARN"]
    eventually(lambda: instances(emulator) == 2)
    (found,) = target.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 4)
    causes = [
        one["Cause"]
        for one in target.describe_scaling_activities(ServiceNamespace="sagemaker")[
            "ScalingActivities"
        ]
    ]
    assert "scheduled action name morning was triggered" in causes
    target.delete_scheduled_action(**action)
    with pytest.raises(ClientError) as refused:
        target.delete_scheduled_action(**action)
    assert code_and_message(refused)[0] == "ObjectNotFoundException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Schedule": "cron(0 8 * * *)"},
        {"Timezone": "Mars"},
        {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
        {"ScalableTargetAction": {}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_scheduled_action_that_cannot_be_is_refused(target: Any, wrong: dict[str, Any]) -> None:
    right = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}}
    with pytest.raises(ClientError) as refused:
        target.put_scheduled_action(**TARGET, ScheduledActionName="x", **{**right, **wrong})
    assert code_and_message(refused)[0] == "ValidationException"


def test_three_busy_minutes_add_instances(target: Any, emulator: TestEmulator) -> None:
    settle(emulator, 1)
    put_policy(target)
    now = datetime.now(UTC)
    emulator.client("cloudwatch", "dev").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "InvocationsPerInstance",
                "Dimensions": DIMENSIONS,
                # Every 5 s, over whole minutes whatever the second: 12 values a minute.
                "Timestamp": now - timedelta(seconds=seconds),
                "Value": 20.0,
            }
            for seconds in range(0, 300, 5)
        ],
    )
    eventually(lambda: instances(emulator) == 3)
    latest = latest_activity(target)
    assert latest["StatusCode"] == "Successful"
    assert latest["Description"] == "Setting desired instance count to 3."
    assert "AlarmHigh" in latest["Cause"]
