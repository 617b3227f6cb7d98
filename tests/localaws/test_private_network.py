"""A new VPC, deployed: its default security group is closed by the function that is for it."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from stacks.constructs.private_network import PrivateNetwork
from stacks.settings.network import NetworkSettings
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
        name="berth-dev",
        settings=NetworkSettings(new_vpc=True, isolation=False),
        region=REGION,
        key=kms.Key(stack, "Key"),
        log_retention_days=30,
    )
    app.synth()
    loaded: dict[str, Any] = json.loads((tmp_path / "Stack.template.json").read_text())
    # MiniStack has no flow logs.
    return loaded | {
        "Resources": {
            logical_id: resource
            for logical_id, resource in loaded["Resources"].items()
            if resource["Type"] != "AWS::EC2::FlowLog"
        }
    }


def egress_of_default_groups(ec2: Any, **vpc: Any) -> list[list[Any]]:
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if vpc:
        filters.append({"Name": "vpc-id", "Values": [vpc["of"]]})
    groups = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return [group["IpPermissions"] + group["IpPermissionsEgress"] for group in groups]


def test_the_new_vpcs_default_group_has_no_rules_and_no_others_is_touched(
    emulator: TestEmulator, template: dict[str, Any]
) -> None:
    ec2 = emulator.client("ec2", ACCOUNT)
    before = [rules for rules in egress_of_default_groups(ec2) if rules]
    cloudformation = emulator.client("cloudformation", ACCOUNT)
    cloudformation.create_stack(
        StackName="network", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    waits = {"Delay": 1, "MaxAttempts": 120}
    cloudformation.get_waiter("stack_create_complete").wait(StackName="network", WaiterConfig=waits)
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.42.0.0/20"]}])["Vpcs"]
    assert egress_of_default_groups(ec2, of=vpc["VpcId"]) == [[]]
    assert [rules for rules in egress_of_default_groups(ec2) if rules] == before
    cloudformation.delete_stack(StackName="network")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="network", WaiterConfig=waits)
