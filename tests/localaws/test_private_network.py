"""A new VPC, deployed: its default security group is closed, and its traffic logged."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.constructs.private_network import PrivateNetwork
from stacks.settings.network import NetworkSettings
from stacks.stage_plan import StageNames
from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

ACCOUNT = "444444444444"
REGION = "eu-central-1"


@pytest.fixture
def template(tmp_path: Path) -> dict[str, Any]:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(
        app,
        "Stack",
        env=cdk.Environment(account=ACCOUNT, region=REGION),
        synthesizer=cdk.BootstraplessSynthesizer(),
    )
    PrivateNetwork(
        stack,
        "Network",
        names=StageNames("berth", "dev"),
        settings=NetworkSettings(new_vpc=True, isolation=False),
        region=REGION,
    )
    app.synth()
    loaded: dict[str, Any] = json.loads((tmp_path / "Stack.template.json").read_text())
    return loaded


def rules_of_default_groups(ec2: Any) -> dict[str, list[Any]]:
    """By VPC."""
    default = [{"Name": "group-name", "Values": ["default"]}]
    return {
        group["VpcId"]: group["IpPermissions"] + group["IpPermissionsEgress"]
        for group in ec2.describe_security_groups(Filters=default)["SecurityGroups"]
    }


def test_the_default_group_of_the_new_vpc_has_no_rules_and_no_other_group_is_touched(
    emulator: TestEmulator, template: dict[str, Any]
) -> None:
    ec2 = emulator.client("ec2", ACCOUNT)
    before = rules_of_default_groups(ec2)
    assert all(before.values())
    cloudformation = emulator.client("cloudformation", ACCOUNT)
    cloudformation.create_stack(
        StackName="network", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    waits = {"Delay": 1, "MaxAttempts": 120}
    cloudformation.get_waiter("stack_create_complete").wait(StackName="network", WaiterConfig=waits)
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.42.0.0/20"]}])["Vpcs"]
    assert rules_of_default_groups(ec2) == {**before, vpc["VpcId"]: []}
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["ResourceId"], flow_log["TrafficType"]) == (vpc["VpcId"], "ALL")
    cloudformation.delete_stack(StackName="network")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="network", WaiterConfig=waits)
    assert ec2.describe_flow_logs()["FlowLogs"] == []
