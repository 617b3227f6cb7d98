"""A deployed dev stage and its releases, by the commands that a user types.

CloudFormation, S3, ECR and SageMaker are the emulator's; the CDK CLI is the real one.
"""

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Deployment
from tests.promotion.commands import refused, said, start

pytestmark = pytest.mark.long

ENDPOINT = "berth-dev"


def deploy(deployment: Deployment) -> None:
    deployed = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout


def data_bucket(deployment: Deployment) -> str:
    (stack,) = deployment.client("cloudformation").describe_stacks(StackName=f"{ENDPOINT}-storage")[
        "Stacks"
    ]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return str(outputs["DataBucketName"])


def body(deployment: Deployment, bucket: str, key: str) -> bytes:
    content: bytes = deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def shown(deployment: Deployment, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said(deployment, "show", name))
    return document


def test_a_stage_is_recorded_as_it_changes(deployment: Deployment, tmp_path: Path) -> None:
    # Nothing is there yet.
    line = refused(deployment, "record", "dev")
    assert line.startswith("berth-dev-storage: no such stack in 111111111111, eu-central-1; deploy")

    deploy(deployment)
    assert "no release yet" in said(deployment, "history", "dev")
    assert refused(deployment, "show", "dev").startswith("dev: no release yet")
    assert refused(deployment, "show", "dev-000001").startswith("dev-000001: no such release")
    assert said(deployment, "record", "dev") == "dev-000001: recorded\n"
    first = shown(deployment, "dev-000001")
    assert shown(deployment, "dev") == first
    it_says_what_runs(deployment, first)
    the_assembly_is_the_deployed_one(deployment, first["assembly"], tmp_path)

    # The same thing again, and under an account's own profile.
    again = said(deployment, "record", "dev", "--profile", "berth-dev", credentials_of="qa")
    assert again == "dev-000001: recorded already\n"
    line = refused(deployment, "record", "dev", "--profile", "berth-qa")
    assert line.startswith("dev: the credentials are for account 222222222222, the stage's is 1111")

    # Another model and a lower threshold: synthesized, then deployed.
    (terms,) = (deployment.project / "build" / "model").rglob("false_positives.txt")
    terms.write_text(f"{terms.read_text().rstrip()}\nLisbon\n")
    stages = deployment.project / "stages.toml"
    stages.write_text(stages.read_text().replace("latency_p99_ms = 500", "latency_p99_ms = 400"))
    assert deployment.cdk("synth", "--quiet", "dev/*").returncode == 0
    line = refused(deployment, "record", "dev")
    assert "the assembly's template is not the deployed one" in line
    deploy(deployment)
    two_recorders_make_one_release(deployment)
    second = shown(deployment, "dev")
    assert second["id"] == "dev-000002"
    assert second["models"][0]["archive"]["sha256"] != first["models"][0]["archive"]["sha256"]
    assert second["images"] == first["images"]

    served, former = said(deployment, "history", "dev").splitlines()[1:]
    assert served.split()[:2] == ["dev-000002", "yes"]
    assert former.split()[0] == "dev-000001"
    compared = said(deployment, "diff", "dev-000001", "dev")
    assert "alarms.model_latency_p99_ms" in compared
    assert first["models"][0]["manifest_sha256"][:12] in compared
    assert second["models"][0]["manifest_sha256"][:12] in compared
    assert "image" not in compared
    assert said(deployment, "diff", "dev", "dev") == "dev-000002 and dev-000002 do not differ\n"
    it_is_reported_beside_the_former_one(deployment)

    somebody_changes_the_endpoint(deployment)
    line = refused(deployment, "record", "dev")
    assert "berth-dev serves EndpointConfig by-hand; its stack has " in line
    assert "berth-dev serves by-hand, which no release has" in said(deployment, "history", "dev")


def it_says_what_runs(deployment: Deployment, release: dict[str, Any]) -> None:
    (image,), (model,) = release["images"], release["models"]
    (stored,) = deployment.client("ecr").describe_images(
        repositoryName=image["repository"], imageIds=[{"imageTag": image["tag"]}]
    )["imageDetails"]
    assert image["digest"] == model["image"] == stored["imageDigest"]
    bucket, _, key = model["data"].removeprefix("s3://").partition("/")
    archive = body(deployment, bucket, key)
    assert model["archive"]["sha256"] == hashlib.sha256(archive).hexdigest()
    assert model["archive"]["size"] == len(archive)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        manifest = packed.extractfile("SHA256SUMS")
        assert manifest is not None
        assert model["manifest_sha256"] == hashlib.sha256(manifest.read()).hexdigest()
    described = deployment.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    assert release["endpoint_config"] == described["EndpointConfigName"]
    assert [asset["key"] for asset in release["assets"]] == [key]
    assert release["assets"][0]["content"] == model["archive"]
    stacks = {f"{ENDPOINT}-{stack}" for stack in ("storage", "serving", "monitoring")}
    assert release["templates"].keys() == stacks
    assert release["settings"]["endpoint"]["instance_type"] == "ml.g4dn.xlarge"
    assert release["settings"]["log_retention_days"] == 30  # from [defaults]
    assert release["source"] == {"commit": None, "clean": False}  # no git checkout


def the_assembly_is_the_deployed_one(
    deployment: Deployment, assembly: dict[str, str], folder: Path
) -> None:
    archive = body(deployment, data_bucket(deployment), assembly["key"])
    assert hashlib.sha256(archive).hexdigest() == assembly["sha256"]
    with zipfile.ZipFile(io.BytesIO(archive)) as unzipped:
        assert not [name for name in unzipped.namelist() if "asset." in name]
        assert "stages.toml" in unzipped.namelist()
        unzipped.extractall(folder)  # noqa: S202 - a zip that this test had written
    recorded = ("dev/*", "--app", str(folder))
    diff = deployment.cdk("diff", "--fail", *recorded)
    assert diff.returncode == 0, diff.stdout
    deployed = deployment.cdk("deploy", *recorded, "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout
    assert deployed.stdout.count("(no changes)") == 3


def it_is_reported_beside_the_former_one(deployment: Deployment) -> None:
    written = said(deployment, "report", "dev").splitlines()
    assert written == ["build/reports/dev-000002.html", "build/reports/dev-000002.md"]
    for name in written:
        text = (deployment.project / name).read_text()
        assert "What differs from dev-000001" in text
    first = said(deployment, "report", "dev-000001", "--folder", "elsewhere").splitlines()
    text = (deployment.project / first[1]).read_text()
    assert "There is no release of dev before this one." in text


def two_recorders_make_one_release(deployment: Deployment) -> None:
    recorders = [start(deployment, "record", "dev") for _ in range(2)]
    answers = {recorder.communicate()[0] for recorder in recorders}
    assert answers == {"dev-000002: recorded\n", "dev-000002: recorded already\n"}


def somebody_changes_the_endpoint(deployment: Deployment) -> None:
    sagemaker = deployment.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    sagemaker.create_endpoint_config(
        EndpointConfigName="by-hand", ProductionVariants=config["ProductionVariants"]
    )
    sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="by-hand")
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 1}
    )
