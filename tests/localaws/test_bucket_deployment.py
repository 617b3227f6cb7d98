"""CDK's BucketDeployment in stacks, by the real CDK CLI."""

import io
import json
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from botocore.exceptions import WaiterError

from localaws.bootstrap import bootstrap
from tests import cdk_cli
from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

APP = """
import aws_cdk as cdk
from aws_cdk import aws_s3, aws_s3_deployment

app = cdk.App(analytics_reporting=False)
env = cdk.Environment(account="111111111111", region="eu-central-1")
stack = cdk.Stack(app, "Models", env=env)
bucket = aws_s3.Bucket(stack, "Bucket", bucket_name="deployed")
aws_s3_deployment.BucketDeployment(
    stack, "Deployment", destination_bucket=bucket, destination_key_prefix="models",
    sources=[aws_s3_deployment.Source.asset("models")],
)
app.synth()
"""

SOURCES, TARGET = "deployment-sources", "deployment-target"


def test_a_folder_is_deployed_and_pruned(emulator: TestEmulator, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text(f'{{"app": "{sys.executable} app.py"}}')
    (tmp_path / "models" / "de").mkdir(parents=True)
    (tmp_path / "models" / "a.tar.gz").write_bytes(b"a")
    (tmp_path / "models" / "de" / "b.tar.gz").write_bytes(b"b")
    bootstrap(emulator.running, ["dev"])
    deploy(emulator, tmp_path)
    assert set(keys(emulator, "deployed")) == {"models/a.tar.gz", "models/de/b.tar.gz"}

    s3 = emulator.client("s3", "dev")
    s3.put_object(Bucket="deployed", Key="other/kept", Body=b"")
    (tmp_path / "models" / "a.tar.gz").rename(tmp_path / "models" / "c.tar.gz")
    deploy(emulator, tmp_path)
    assert set(keys(emulator, "deployed")) == {
        "models/c.tar.gz",
        "models/de/b.tar.gz",
        "other/kept",
    }


def deploy(emulator: TestEmulator, folder: Path) -> None:
    done = cdk_cli.run(emulator.running, folder, "deploy", "--all", "--require-approval", "never")
    assert done.returncode == 0, done.stdout


def keys(emulator: TestEmulator, bucket: str) -> list[str]:
    listed = emulator.client("s3", "dev").list_objects_v2(Bucket=bucket)
    return [one["Key"] for one in listed.get("Contents", [])]


class Deployment:
    """A stack of one deployment, as CDK writes it, that is made, changed and deleted."""

    def __init__(self, emulator: TestEmulator, name: str) -> None:
        self.emulator, self.name = emulator, name
        self.stacks = emulator.client("cloudformation", "dev")
        self.s3 = emulator.client("s3", "dev")
        for bucket in (SOURCES, TARGET):
            location = {"LocationConstraint": "eu-central-1"}
            try:
                self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
            except self.s3.exceptions.BucketAlreadyOwnedByYou:
                continue

    def source(self, **files: str) -> str:
        """The key of a new zip."""
        content = io.BytesIO()
        with ZipFile(content, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        key = f"{self.name}-{'-'.join(files)}.zip"
        self.s3.put_object(Bucket=SOURCES, Key=key, Body=content.getvalue())
        return key

    def template(self, *sources: str, **properties: object) -> str:
        own = {
            "ServiceToken": "arn:aws:lambda:eu-central-1:111111111111:function:none",
            "SourceBucketNames": [SOURCES] * len(sources),
            "SourceObjectKeys": list(sources),
            "DestinationBucketName": TARGET,
            "DestinationBucketKeyPrefix": self.name,
            "Prune": True,
            **properties,
        }
        resource = {"Type": "Custom::CDKBucketDeployment", "Properties": own}
        return json.dumps({"Resources": {"Deployment": resource}})

    def create(self, *sources: str, **properties: object) -> None:
        template = self.template(*sources, **properties)
        self.stacks.create_stack(StackName=self.name, TemplateBody=template)
        self.wait("stack_create_complete")

    def update(self, *sources: str, **properties: object) -> None:
        template = self.template(*sources, **properties)
        self.stacks.update_stack(StackName=self.name, TemplateBody=template)
        self.wait("stack_update_complete")

    def delete(self) -> None:
        self.stacks.delete_stack(StackName=self.name)
        self.wait("stack_delete_complete")

    def wait(self, state: str) -> None:
        waiter = self.stacks.get_waiter(state)
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def files(self) -> set[str]:
        folder = f"{self.name}/"
        found = keys(self.emulator, TARGET)
        return {key.removeprefix(folder) for key in found if key.startswith(folder)}


def test_an_archive_that_is_not_to_be_extracted_is_copied_by_its_name(
    emulator: TestEmulator,
) -> None:
    deployment = Deployment(emulator, "whole")
    source = deployment.source(a="1")
    deployment.create(source, Extract=False)
    assert deployment.files() == {source}


def test_without_prune_what_was_there_stays(emulator: TestEmulator) -> None:
    deployment = Deployment(emulator, "unpruned")
    deployment.create(deployment.source(a="1"))
    deployment.update(deployment.source(b="2"), Prune=False)
    assert deployment.files() == {"a", "b"}


def test_deletion_leaves_the_objects(emulator: TestEmulator) -> None:
    deployment = Deployment(emulator, "retained")
    deployment.create(deployment.source(a="1"))
    deployment.delete()
    assert deployment.files() == {"a"}


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"Exclude": ["*.log"]}, "Exclude of a bucket deployment is not emulated"),
        ({"RetainOnDelete": False}, "without RetainOnDelete is not emulated"),
        ({"SourceBucketNames": ["nowhere"]}, "The bucket deployment failed"),
    ],
)
def test_what_cannot_be_done_fails_the_stack_with_the_reason(
    emulator: TestEmulator, properties: dict[str, Any], reason: str
) -> None:
    deployment = Deployment(emulator, f"refused-{next(iter(properties))}")
    template = deployment.template(deployment.source(a="1"), **properties)
    deployment.stacks.create_stack(StackName=deployment.name, TemplateBody=template)
    with pytest.raises(WaiterError):
        deployment.wait("stack_create_complete")
    events = deployment.stacks.describe_stack_events(StackName=deployment.name)["StackEvents"]
    assert any(reason in one.get("ResourceStatusReason", "") for one in events)
