"""`cdk deploy` on this machine with an engine: the image built, pushed and run for real."""

import json
import os
import signal

import pytest

from localaws import home
from tests.end_to_end.conftest import Deployment, deployment, project
from tests.image.test_run import TEXT
from tests.localaws.sagemaker.conftest import eventually
from tools.image.build import DOCKER_MANIFEST
from tools.image.engine import Engine

__all__ = ["deployment", "project"]  # fixtures

ENDPOINT, STACK = "berth-dev", "berth-dev-serving"
REPOSITORY = "cdk-hnb659fds-container-assets-111111111111-eu-central-1"


def containers(engine: Engine) -> list[str]:
    """The names of the containers that an emulator runs here."""
    names = engine.ask("ps", "--all", "--filter=name=localaws-i-", "--format={{.Names}}")
    return names.split()


def test_a_deployed_endpoint_is_a_container_and_ends_with_the_emulator(
    engine: Engine, image: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    del image  # its layers are there already, which makes this build short
    monkeypatch.setenv("LOCALAWS_IMAGES", "always")
    before = containers(engine)
    deployed = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout
    assert "NOT built" not in deployed.stdout

    (pushed,) = deployment.client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert pushed["imageManifestMediaType"] == DOCKER_MANIFEST
    manifest = deployment.client("ecr").batch_get_image(
        repositoryName=REPOSITORY, imageIds=[{"imageDigest": pushed["imageDigest"]}]
    )["images"][0]["imageManifest"]
    assert len(json.loads(manifest)["layers"]) > 5

    (name,) = set(containers(engine)) - set(before)
    (model,) = json.loads(engine.ask("inspect", name))[0]["Mounts"]
    assert (model["Destination"], model["RW"]) == ("/opt/ml/model", False)
    answer = deployment.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT,
        ContentType="application/json",
        Body=json.dumps({"text": [TEXT]}),
    )
    (entities,) = json.loads(answer["Body"].read())["predictions"]
    assert "Lisbon" in {entity["text"] for entity in entities}

    emulator = home.process_id(deployment.emulator.home)
    assert emulator is not None
    os.kill(emulator, signal.SIGKILL)
    eventually(lambda: containers(engine) == before, seconds=60)
