"""The CloudFormation types, in stacks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow


def template(
    *, most: str = "2", policy: str = "track", endpoint: str = "scaled", at: tuple[str, ...] = ()
) -> str:
    return json.dumps(
        {
            "Resources": {
                "Target": {
                    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                    "Properties": {
                        "ServiceNamespace": "sagemaker",
                        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                        "ResourceId": f"endpoint/{endpoint}/variant/all",
                        "MinCapacity": 1,
                        # CloudFormation takes numbers as text.
                        "MaxCapacity": most,
                        "ScheduledActions": [
                            {
                                "ScheduledActionName": f"at-{hour}",
                                "Schedule": f"cron(0 {hour} * * ? *)",
                                "Timezone": "Europe/Berlin",
                                "StartTime": "2030-01-01T00:00:00.000Z",
                                "ScalableTargetAction": {"MinCapacity": "1", "MaxCapacity": 2},
                            }
                            for hour in at
                        ],
                    },
                },
                "Policy": {
                    "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                    "Properties": {
                        "PolicyName": policy,
                        "PolicyType": "TargetTrackingScaling",
                        "ScalingTargetId": {"Ref": "Target"},
                        "TargetTrackingScalingPolicyConfiguration": {
                            "TargetValue": 100,
                            "PredefinedMetricSpecification": {
                                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                            },
                        },
                    },
                },
            },
            "Outputs": {"Target": {"Value": {"Ref": "Target"}}},
        }
    )


class Stack:
    """A stack named `scaling`, and what it made."""

    def __init__(self, emulator: TestEmulator) -> None:
        self.cloudformation = emulator.client("cloudformation", "dev")
        self.scaling = emulator.client("application-autoscaling", "dev")

    def settled(self) -> Any:
        def look() -> Any:
            (stack,) = self.cloudformation.describe_stacks(StackName="scaling")["Stacks"]
            return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

        return eventually(look)

    def create(self, body: str) -> Any:
        self.cloudformation.create_stack(StackName="scaling", TemplateBody=body)
        return self.settled()

    def update(self, body: str) -> Any:
        self.cloudformation.update_stack(StackName="scaling", TemplateBody=body)
        return self.settled()

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName="scaling")
        self.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName="scaling", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def targets(self) -> Any:
        return self.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")[
            "ScalableTargets"
        ]

    def scheduled(self) -> Any:
        return self.scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")[
            "ScheduledActions"
        ]

    def policies(self) -> Any:
        return self.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
            "ScalingPolicies"
        ]


def test_a_stack_creates_updates_replaces_and_deletes(
    emulator: TestEmulator, endpoint: str
) -> None:
    stack = Stack(emulator)
    made = stack.create(template())
    assert made["StackStatus"] == "CREATE_COMPLETE"
    resource = "endpoint/scaled/variant/all|sagemaker:variant:DesiredInstanceCount|sagemaker"
    assert made["Outputs"][0]["OutputValue"] == resource
    (before,) = stack.targets()

    assert stack.update(template(most="5"))["StackStatus"] == "UPDATE_COMPLETE"
    (target,) = stack.targets()
    assert target["MaxCapacity"] == 5
    assert target["ScalableTargetARN"] == before["ScalableTargetARN"]

    (old,) = stack.policies()
    assert stack.update(template(most="5", policy="renamed"))["StackStatus"] == "UPDATE_COMPLETE"
    (new,) = stack.policies()
    assert (new["PolicyName"], old["PolicyName"]) == ("renamed", "track")
    assert new["PolicyARN"] != old["PolicyARN"]

    stack.delete()
    assert (stack.targets(), stack.policies()) == ([], [])


def test_scheduled_actions_come_and_go_with_their_target(
    emulator: TestEmulator, endpoint: str
) -> None:
    stack = Stack(emulator)
    try:
        assert stack.create(template(at=("8", "20")))["StackStatus"] == "CREATE_COMPLETE"
        eight, twenty = stack.scheduled()
        assert (eight["ScheduledActionName"], eight["Schedule"]) == ("at-8", "cron(0 8 * * ? *)")
        assert eight["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 2}
        assert eight["StartTime"] == datetime(2030, 1, 1, tzinfo=UTC)
        assert stack.update(template(at=("20",)))["StackStatus"] == "UPDATE_COMPLETE"
        (left,) = stack.scheduled()
        assert left["ScheduledActionARN"] == twenty["ScheduledActionARN"]
    finally:
        stack.delete()
    assert stack.scheduled() == []


def test_a_target_without_its_variant_fails_the_stack_with_the_reason(
    emulator: TestEmulator, endpoint: str
) -> None:
    stack = Stack(emulator)
    try:
        assert stack.create(template(endpoint="absent"))["StackStatus"] == "ROLLBACK_COMPLETE"
        events = stack.cloudformation.describe_stack_events(StackName="scaling")["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        assert any("SageMaker variant doesn't exist" in reason for reason in reasons)
    finally:
        stack.delete()
