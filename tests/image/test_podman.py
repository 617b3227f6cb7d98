"""What the CDK CLI runs where `CDK_DOCKER` is podman, up to a real registry."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.moving.docker_registry import Registry, docker_registry
from promotion.moving.registry import Repository
from tools.image import podman
from tools.image.build import DOCKER_MANIFEST
from tools.image.engine import Engine

ASSET, REPOSITORY = "cdkasset-0f0f", "assets"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if shutil.which("docker-registry") is None:
        pytest.skip(
            "no docker-registry (Debian: apt-get install docker-registry); what podman is asked "
            "to do is in tests/tools/test_podman.py"
        )
    with docker_registry(tmp_path_factory.mktemp("registry") / "here") as made:
        yield made


@pytest.fixture
def asset(
    engine: Engine, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of an image asset, of one file and no base; the registry is known as insecure."""
    if not engine.is_podman:
        pytest.skip("docker is what the CDK CLI is made for: nothing of ours stands between them")
    conf = tmp_path / "registries.conf"
    conf.write_text(f'[[registry]]\nlocation = "{registry.address}"\ninsecure = true\n')
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(conf))
    monkeypatch.setenv("BERTH_PODMAN", engine.program)
    folder = tmp_path / "asset"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\nCMD serve\n")
    return folder


def call(asset: Path, root: Path, *arguments: str) -> None:
    """One of the CLI's calls, in the asset's folder, as the CLI makes it."""
    subprocess.run([root / "tools/podman", *arguments], cwd=asset, env=os.environ, check=True)


def test_what_cdk_deploy_builds_and_pushes_is_what_create_model_takes(
    asset: Path, root: Path, engine: Engine, registry: Registry
) -> None:
    reference = f"{registry.address}/{REPOSITORY}:docker"
    options = ["--tag", ASSET, "--platform", "linux/amd64", "--output=type=docker"]
    call(asset, root, "build", *options, ".")
    call(asset, root, "inspect", ASSET)
    call(asset, root, "tag", ASSET, reference)
    call(asset, root, "push", reference)
    engine.run("rmi", ASSET, reference)
    pushed = Repository(registry.url, REPOSITORY).manifest("docker")
    assert pushed is not None
    assert pushed.media_type == DOCKER_MANIFEST
    assert [one.name for one in asset.iterdir()] == ["Dockerfile"]


def test_an_image_that_was_built_as_ocis_is_pushed_as_dockers(
    asset: Path, root: Path, engine: Engine, registry: Registry
) -> None:
    reference = f"{registry.address}/{REPOSITORY}:converted"
    engine.ask("build", "--format=oci", "--tag", reference, str(asset))
    call(asset, root, "push", reference)
    engine.run("rmi", reference)
    pushed = Repository(registry.url, REPOSITORY).manifest("converted")
    assert pushed is not None
    assert pushed.media_type == DOCKER_MANIFEST


def test_an_oci_manifest_in_a_registry_is_known(
    asset: Path, engine: Engine, registry: Registry
) -> None:
    """podman 4 prints none of a single image."""
    reference = f"{registry.address}/{REPOSITORY}:oci"
    engine.ask("build", "--format=oci", "--tag", reference, str(asset))
    engine.ask("push", reference)
    engine.run("rmi", reference)
    pushed = Repository(registry.url, REPOSITORY).manifest("oci")
    assert pushed is not None
    assert podman._media_type(engine, reference) == pushed.media_type != DOCKER_MANIFEST
