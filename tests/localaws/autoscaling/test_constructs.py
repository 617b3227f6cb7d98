"""What the project's own scaling constructs make, deployed."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.constructs.endpoint_scaling import Scaling, Tracked
from stacks.constructs.step_scaling import StepScaling
from stacks.settings.scaling import ScalingSettings
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow

ENDPOINT, METRIC = "constructed", "Waiting"


@pytest.fixture
def template(tmp_path: Path) -> str:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "Stack", synthesizer=cdk.BootstraplessSynthesizer())
    scaling = Scaling(
        stack,
        "Scaling",
        resource_id=f"endpoint/{ENDPOINT}/variant/all",
        dimension="sagemaker:variant:DesiredInstanceCount",
        settings=ScalingSettings.model_validate(
            {
                "max_capacity": 4,
                "schedule": [
                    {"at": "cron(0 8 ? * MON-FRI *)", "min_capacity": 2, "max_capacity": 4}
                ],
            }
        ),
        tracked={
            "concurrency": Tracked(4, "SageMakerVariantConcurrentRequestsPerModelHighResolution")
        },
    )
    StepScaling(
        scaling,
        "Steps",
        policy_name="steps",
        target=scaling.target,
        metric_name=METRIC,
        statistic="Maximum",
        period_seconds=60,
        dimensions={"EndpointName": ENDPOINT},
        steps=[(10, 1), (20, 2)],
        cooldown_seconds=60,
    )
    app.synth()
    return (tmp_path / "Stack.template.json").read_text()


def test_their_schedule_tracking_and_steps_are_taken_and_the_steps_scale(
    emulator: TestEmulator, endpoint: str, template: str
) -> None:
    cloudformation = emulator.client("cloudformation", "dev")
    scaling = emulator.client("application-autoscaling", "dev")
    cloudformation.create_stack(StackName="constructs", TemplateBody=template)
    try:
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="constructs", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        found: Any = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")
        kinds = {one["PolicyName"]: one["PolicyType"] for one in found["ScalingPolicies"]}
        assert kinds == {"concurrency": "TargetTrackingScaling", "steps": "StepScaling"}
        assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]

        emulator.client("cloudwatch", "dev").put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": METRIC,
                    "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
                    "Value": 25,
                }
            ],
        )
        sagemaker = emulator.client("sagemaker", "dev")

        def instances() -> int:
            variants = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
            return int(variants[0]["CurrentInstanceCount"])

        eventually(lambda: instances() == 3)
    finally:
        cloudformation.delete_stack(StackName="constructs")
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName="constructs", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
