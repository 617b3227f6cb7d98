"""From a model folder to a prediction, to a new model without a lost request, to a failed update.

The CDK CLI, the container program, the model and the boto3 client are the real ones.
"""

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.caller import Caller
from tests.end_to_end.conftest import Deployment
from tests.end_to_end.example_model import ENTITIES, entities, names_no_longer_an_entity

ENDPOINT = "berth-dev"
STACK = "berth-dev-serving"


def without_its_vocabulary(model: Path) -> None:
    """Break the model where only loading it can tell."""
    (tokenizer,) = model.rglob("tokenizer.json")
    tokenizer.write_text("{}")


@pytest.mark.slow
def test_the_main_job(deployment: Deployment) -> None:
    sagemaker = deployment.client("sagemaker")
    runtime = deployment.client("sagemaker-runtime")
    model = deployment.project / "build" / "model"

    # From a model folder to a prediction.
    deployed = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout
    assert entities(runtime, ENDPOINT) == ENTITIES
    first = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert first["EndpointStatus"] == "InService"

    # What was deployed is what is synthesized again.
    diff = deployment.cdk("diff", "--fail", "dev/*")
    assert diff.returncode == 0, diff.stdout

    # The guards stand.
    (target,) = deployment.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker"
    )["ScalableTargets"]
    assert target["ResourceId"] == f"endpoint/{ENDPOINT}/variant/AllTraffic"
    alarms = deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]
    guards = {"5xx", "latency-p99", "gpu-memory"}
    assert {f"{ENDPOINT}-AllTraffic-{guard}" for guard in guards} <= {
        alarm["AlarmName"] for alarm in alarms
    }

    # A changed model: the same endpoint, another answer, and no request lost on the way.
    names_no_longer_an_entity(model, "Lisbon")
    with Caller(deployment.client("sagemaker-runtime"), ENDPOINT) as caller:
        updated = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert updated.returncode == 0, updated.stdout
    after = ENTITIES - {("Lisbon", "LOC")}
    assert entities(runtime, ENDPOINT) == after
    assert caller.failures == []
    assert (caller.answers[0], caller.answers[-1]) == (ENTITIES, after)
    assert caller.answers == sorted(caller.answers, key=len, reverse=True)  # switched once
    second = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert second["EndpointArn"] == first["EndpointArn"]
    assert second["EndpointConfigName"] != first["EndpointConfigName"]
    assert len(sagemaker.list_models()["Models"]) == 1  # the old one is cleaned up

    # A model that cannot be loaded: the update fails with its reason, the old one answers on.
    without_its_vocabulary(model)
    with Caller(deployment.client("sagemaker-runtime"), ENDPOINT) as caller:
        failed = deployment.cdk("deploy", "dev/Serving", "--require-approval", "never")
    assert failed.returncode == 1
    assert "ping health check" in failed.stdout, failed.stdout
    assert caller.failures == []
    assert all(answer == after for answer in caller.answers)
    third = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert third["EndpointStatus"] == "InService"
    assert third["EndpointConfigName"] == second["EndpointConfigName"]
    (stack,) = deployment.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    # And away with it: the endpoint goes, what holds data stays.
    destroyed = deployment.cdk("destroy", "--force", "--app", "cdk.out", "dev/*")
    assert destroyed.returncode == 0, destroyed.stdout
    assert sagemaker.list_endpoints()["Endpoints"] == []
    s3 = deployment.client("s3")
    kept = [one["Name"] for one in s3.list_buckets()["Buckets"] if "storage" in one["Name"]]
    assert len(kept) == 2
    for bucket in kept:
        assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    logged = deployment.client("logs").describe_log_streams(
        logGroupName=f"/aws/sagemaker/Endpoints/{ENDPOINT}"
    )
    assert logged["logStreams"]


@pytest.mark.long
def test_every_stage_has_its_three_stacks(project: Path) -> None:
    listed = subprocess.run(["cdk", "ls"], cwd=project, capture_output=True, text=True, check=True)
    names = [line.split(" ")[0] for line in listed.stdout.splitlines()]
    assert [name for name in names if "/" in name] == [
        f"{stage}/{stack}"
        for stage in ("dev", "qa", "prod")
        for stack in ("Storage", "Serving", "Monitoring")
    ]
