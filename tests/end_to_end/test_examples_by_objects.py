"""The examples that read from or write to the stage's bucket: asynchronous, batch, multi-model.

Deployed by the real CDK CLI, used by boto3 and by `berth push`.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import berth_cli
from tests.end_to_end.conftest import Deployment, an_example
from tests.end_to_end.example_model import (
    ENTITIES,
    REQUEST,
    TEXT,
    answered,
    entities,
    named,
    names_no_longer_an_entity,
)
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.long


def output(deployment: Deployment, stack: str, key: str) -> str:
    """An output of one of the stage's stacks."""
    name = f"{deployment.endpoint}-{stack}"
    (described,) = deployment.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    return str(outputs[key])


def stored(deployment: Deployment, location: str) -> bytes:
    """An object's content, once it is there; `location` is its URI."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    s3 = deployment.client("s3")
    s3.get_waiter("object_exists").wait(
        Bucket=bucket, Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def instances(deployment: Deployment) -> int | None:
    """How many an endpoint has; None while it changes."""
    described = deployment.client("sagemaker").describe_endpoint(EndpointName=deployment.endpoint)
    (variant,) = described["ProductionVariants"]
    settled = described["EndpointStatus"] == "InService"
    return int(variant["CurrentInstanceCount"]) if settled else None


def was_idle(deployment: Deployment) -> None:
    """Write the metric of a quarter of an hour without a request, which nobody has to wait for."""
    now = datetime.now(UTC)
    deployment.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": [{"Name": "EndpointName", "Value": deployment.endpoint}],
                "Timestamp": now - timedelta(seconds=seconds),
                "Value": 0.0,
            }
            for seconds in range(5, 1000, 20)
        ],
    )


def test_async_rests_without_an_instance_wakes_for_a_request_and_answers_into_the_bucket(
    project: Path,
) -> None:
    with an_example(project, "async") as dev:
        assert instances(dev) == 1  # a deployment has no fewer; scaling goes on from there
        was_idle(dev)
        assert eventually(lambda: instances(dev) == 0)

        def ask(key: str, body: bytes) -> dict[str, str]:
            bucket = output(dev, "storage", "DataBucketName")
            dev.client("s3").put_object(Bucket=bucket, Key=f"async/input/{key}", Body=body)
            accepted: dict[str, str] = dev.client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName=dev.endpoint,
                ContentType="application/json",
                InputLocation=f"s3://{bucket}/async/input/{key}",
            )
            return accepted

        accepted = ask("one.json", REQUEST)
        assert "/async/output/" in accepted["OutputLocation"]
        assert answered(stored(dev, accepted["OutputLocation"])) == ENTITIES
        refused = ask("broken.json", b"{")
        assert "/async/failure/" in refused["FailureLocation"]
        assert b"JSON" in stored(dev, refused["FailureLocation"])

        # By the template's own policies, the one on the queue and the one that starts from zero.
        activities = dev.client("application-autoscaling").describe_scaling_activities(
            ServiceNamespace="sagemaker"
        )["ScalingActivities"]
        causes = [activity["Cause"] for activity in activities]
        assert any(cause.endswith("triggered policy from-zero") for cause in causes), causes
        assert any(cause.endswith("triggered policy backlog-per-instance") for cause in causes)


def execution(deployment: Deployment, key: str, body: bytes) -> dict[str, Any]:
    """The execution that the arrival of an object started, once it has ended."""
    machine = output(deployment, "serving", "StateMachineArn")
    bucket = output(deployment, "storage", "DataBucketName")
    steps = deployment.client("stepfunctions")
    deployment.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def look() -> dict[str, Any] | None:
        for one in steps.list_executions(stateMachineArn=machine)["executions"]:
            seen: dict[str, Any] = steps.describe_execution(executionArn=one["executionArn"])
            if key in seen["input"] and seen["status"] != "RUNNING":
                return seen
        return None

    return eventually(look, seconds=90)


def test_batch_answers_each_line_of_what_arrives_and_says_why_it_failed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFN_WAIT_SCALE", "0.01")  # MiniStack's: the minutes between attempts
    texts = [TEXT, "Reading in the summer is a nice habit.", TEXT]
    lines = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)
    with an_example(project, "batch") as dev:
        done = execution(dev, "batch/input/monday.jsonl", lines)
        assert done["status"] == "SUCCEEDED", done
        results = stored(dev, json.loads(done["output"])["output"] + "monday.jsonl.out")
        found = [named(json.loads(line)) for line in results.splitlines()]
        assert found == [ENTITIES, set(), ENTITIES]

        failed = execution(dev, "batch/input/broken.jsonl", b"no JSON\n")
        assert failed["status"] == "FAILED", failed
        assert failed["cause"].startswith("s3://")
        assert failed["cause"].endswith(
            "/batch/input/broken.jsonl: ClientError: See job logs for more information"
        )


def ships_an_archive(project: Path) -> None:
    """Have the multi-model example's deployments copy a folder of one archive, shipped.tar.gz."""
    archives = project / "archives"
    archives.mkdir()
    packed = berth_cli.run("pack", "build/model", "archives/shipped.tar.gz", folder=project)
    assert packed.returncode == 0, packed.stderr
    with (project / "examples" / "multi-model" / "stages.toml").open("a") as stages:
        stages.write('\n[dev.multi_model]\narchives = "archives"\n')


def test_multi_model_answers_by_the_name_of_what_was_deployed_and_pushed(project: Path) -> None:
    ships_an_archive(project)
    with an_example(project, "multi-model") as dev:

        def push(name: str, *options: str) -> None:
            environment = dev.emulator.environment("dev")
            arguments = ("push", name, "--stage", "dev", *options)
            pushed = berth_cli.run(*arguments, folder=project, environment=environment)
            assert pushed.returncode == 0, pushed.stderr
            assert f"call it with TargetModel={name}.tar.gz" in pushed.stdout

        runtime = dev.client("sagemaker-runtime")
        assert entities(runtime, dev.endpoint, TargetModel="shipped.tar.gz") == ENTITIES
        push("first")
        assert entities(runtime, dev.endpoint, TargetModel="first.tar.gz") == ENTITIES

        # Another model, and no deployment.
        other = project / "build" / "other"
        shutil.copytree(project / "build" / "model", other)
        names_no_longer_an_entity(other, "Lisbon")
        push("second", "--folder", str(other))
        without_lisbon = ENTITIES - {("Lisbon", "LOC")}
        assert entities(runtime, dev.endpoint, TargetModel="second.tar.gz") == without_lisbon
        assert entities(runtime, dev.endpoint, TargetModel="first.tar.gz") == ENTITIES
