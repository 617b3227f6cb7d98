"""The real CDK CLI against the emulator."""

import re
import sys
from pathlib import Path

import pytest

from localaws.bootstrap import bootstrap
from tests import cdk_cli
from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

APP = """
import aws_cdk as cdk
from aws_cdk import aws_cloudwatch, aws_cloudwatch_actions, aws_ecr_assets, aws_kms, aws_s3
from aws_cdk import aws_sns

app = cdk.App(analytics_reporting=False)
env = cdk.Environment(account="111111111111", region="eu-central-1")
gone = cdk.RemovalPolicy.DESTROY

kept = cdk.Stack(app, "Kept", env=env)
key = aws_kms.Key(kept, "Key", enable_key_rotation=True, removal_policy=gone)
logs = aws_s3.Bucket(kept, "Logs", versioned=True, enforce_ssl=True, removal_policy=gone)
aws_s3.Bucket(
    kept, "Data", encryption_key=key, server_access_logs_bucket=logs, enforce_ssl=True,
    versioned=True, removal_policy=gone, block_public_access=aws_s3.BlockPublicAccess.BLOCK_ALL,
    lifecycle_rules=[aws_s3.LifecycleRule(noncurrent_version_expiration=cdk.Duration.days(30))],
)
topic = aws_sns.Topic(kept, "Topic", master_key=key, enforce_ssl=True)

serving = cdk.Stack(app, "Serving", env=env)
alarm = aws_cloudwatch.Alarm(
    serving, "P99", threshold=1, evaluation_periods=3,
    metric=aws_cloudwatch.Metric(
        namespace="AWS/SageMaker", metric_name="ModelLatency", statistic="p99",
        dimensions_map={"EndpointName": "e", "VariantName": "v"},
    ),
)
alarm.add_alarm_action(aws_cloudwatch_actions.SnsAction(topic))
image = aws_ecr_assets.DockerImageAsset(
    serving, "Image", directory="context", outputs=["type=docker"],
    platform=aws_ecr_assets.Platform.LINUX_AMD64, build_args={"LINES": "a==1\\nb==2\\n"},
)
cdk.CfnOutput(serving, "Uri", value=image.image_uri)
app.synth()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text(f'{{"app": "{sys.executable} app.py"}}')
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "context" / "entrypoint.sh").write_text("#!/bin/sh\n")
    return tmp_path


def cdk(emulator: TestEmulator, project: Path, *arguments: str) -> str:
    done = cdk_cli.run(emulator.running, project, *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_accounts_are_bootstrapped_once(emulator: TestEmulator) -> None:
    assert set(bootstrap(emulator.running, ["dev", "prod"])) <= {"dev", "prod"}
    assert bootstrap(emulator.running, ["dev", "prod"]) == []
    for stage in ("dev", "prod"):
        stacks = emulator.client("cloudformation", stage).describe_stacks(StackName="CDKToolkit")
        assert stacks["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_is_deployed_found_unchanged_and_destroyed(
    emulator: TestEmulator, project: Path
) -> None:
    bootstrap(emulator.running, ["dev"])
    said = cdk(emulator, project, "deploy", "--all", "--require-approval", "never")
    assert "The image is NOT built" in said
    uri = re.search(r"Serving\.Uri = (\S+):(\S+)", said)
    assert uri is not None
    events = re.findall(r"\| (\w+) +\| AWS::S3::Bucket +\| \S*Logs\b", said)
    assert events == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert (emulator.home / "images" / uri[2] / "entrypoint.sh").is_file()

    # The synthesized app again: what was published is found, and nothing has drifted.
    built = ("--app", "cdk.out")
    again = cdk(emulator, project, "deploy", "--all", *built)
    assert again.count("(no changes)") == 2
    assert "NOT built" not in again
    assert "stacks with differences: 0" in cdk(emulator, project, "diff", "--fail", *built)

    cdk(emulator, project, "destroy", "--all", "--force", *built)
    stacks = emulator.client("cloudformation", "dev").describe_stacks()["Stacks"]
    assert not {"Kept", "Serving"} & {stack["StackName"] for stack in stacks}
