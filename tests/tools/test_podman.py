"""`CDK_DOCKER=podman cdk deploy`: what the CDK CLI asks of docker, asked of podman."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.image import podman
from tools.image.build import DOCKER_MANIFEST

pytestmark = pytest.mark.slow

REFERENCE = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/assets:0f"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
FAKE = """#!/bin/sh
[ "$1" != --version ] || exec echo "{version}"
echo "$@" >> "{folder}/calls"
[ "$1 $2" != "manifest inspect" ] || exec cat "{folder}/manifest"
"""


class FakePodman:
    """A podman that takes every call; the registry's manifest is `manifest`."""

    def __init__(self, folder: Path, name: str = "podman") -> None:
        self._folder, self.program = folder, folder / name
        folder.mkdir()
        self.says("podman version 4.3.1")
        self.has({"mediaType": DOCKER_MANIFEST})

    def says(self, version: str, *, more: str = "") -> None:
        self.program.write_text(FAKE.format(folder=self._folder, version=version) + more)
        self.program.chmod(0o755)

    def has(self, manifest: object) -> None:
        (self._folder / "manifest").write_text(json.dumps(manifest))

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePodman:
    made = FakePodman(tmp_path / "programs")
    monkeypatch.setenv("BERTH_PODMAN", str(made.program))
    return made


def test_dockers_output_is_podmans_format(fake: FakePodman) -> None:
    given = ["--build-arg", "A=1", "--tag", "cdkasset-0f", "--platform", "linux/amd64"]
    assert podman.main(["build", *given, "--output=type=docker", "."]) == 0
    (call,) = fake.calls
    assert "--output" not in call
    assert "--format=docker" in call
    assert call.endswith(" ".join([*given, "."]))


def test_any_other_output_is_the_users_own(fake: FakePodman) -> None:
    assert podman.main(["build", "--tag", "x", "--output=out", "."]) == 0
    assert fake.calls == ["build --tag x --output=out ."]


def test_what_is_pushed_is_dockers_and_looked_at(fake: FakePodman) -> None:
    assert podman.main(["push", REFERENCE]) == 0
    assert fake.calls == [f"push --format=v2s2 {REFERENCE}", f"manifest inspect {REFERENCE}"]


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        ({"mediaType": OCI_MANIFEST}, OCI_MANIFEST),
        ({"schemaVersion": 2, "config": {}}, OCI_MANIFEST),
        (
            {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []},
            "application/vnd.oci.image.index.v1+json",
        ),
    ],
    ids=["oci", "oci-that-says-no-type", "index"],
)
def test_what_create_model_refuses_ends_the_push(
    fake: FakePodman, capsys: pytest.CaptureFixture[str], manifest: object, named: str
) -> None:
    fake.has(manifest)
    assert podman.main(["push", REFERENCE]) == 1
    assert capsys.readouterr().err == (
        f"{REFERENCE}: SageMaker's CreateModel refuses its manifest, {named}; it takes"
        f" {DOCKER_MANIFEST}: delete the tag there and the image here, and deploy again\n"
    )


def test_a_registry_that_shows_no_manifest_ends_the_push(
    fake: FakePodman, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.program.write_text('#!/bin/sh\n[ "$1" = push ] || { echo "Error: denied" >&2; exit 125; }')
    assert podman.main(["push", REFERENCE]) == 1
    assert capsys.readouterr().err == (
        f"{REFERENCE}: pushed, but its manifest cannot be read: Error: denied\n"
    )


def test_a_push_that_fails_is_podmans_to_tell(fake: FakePodman) -> None:
    fake.says("podman version 4.3.1", more="exit 125\n")
    assert podman.main(["push", REFERENCE]) == 125
    assert len(fake.calls) == 1


def test_every_other_call_is_podmans_own(fake: FakePodman) -> None:
    # An image that is not there has the status 125, by which the CLI knows.
    fake.says("podman version 4.3.1", more="exit 125\n")
    assert podman.main(["inspect", "cdkasset-0f"]) == 125
    assert podman.main(["--config", "/folder", "tag", "a", "b"]) == 125
    assert fake.calls == ["inspect cdkasset-0f", "tag a b"]


@pytest.fixture
def cdk(tmp_path: Path, root: Path) -> Path:
    """`tools/cdk` of a checkout whose Node says by what the CLI would build images."""
    (tmp_path / "tools").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    shutil.copy(root / "tools/cdk", tmp_path / "tools/cdk")
    node = tmp_path / ".venv/bin/node"
    node.write_text('#!/bin/sh\necho "$CDK_DOCKER $BERTH_PODMAN$BERTH_DOCKER"\n')
    node.chmod(0o755)
    return tmp_path / "tools/cdk"


def engine_of(cdk: Path, **environment: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CDK_DOCKER"}
    said = subprocess.run(
        [cdk, "deploy"], env=kept | environment, capture_output=True, text=True, check=True
    )
    return [str(Path(one).resolve()) for one in said.stdout.split()]


def test_where_podman_is_named_the_cli_calls_ours(cdk: Path, tmp_path: Path) -> None:
    fake = FakePodman(tmp_path / "programs")
    ours = [str(cdk.with_name("podman")), str(fake.program)]
    assert engine_of(cdk, CDK_DOCKER=str(fake.program)) == ours


def test_podman_under_dockers_name_is_podman(cdk: Path, tmp_path: Path) -> None:
    FakePodman(tmp_path / "programs", name="docker")
    path = f"{tmp_path / 'programs'}:{os.environ['PATH']}"
    assert engine_of(cdk, PATH=path)[0] == str(cdk.with_name("podman"))


def test_docker_is_called_by_ours_too(cdk: Path, tmp_path: Path) -> None:
    fake = FakePodman(tmp_path / "programs", name="docker")
    fake.says("Docker version 27.5.1, build 9f9e405")
    ours = [str(cdk.with_name("docker")), str(fake.program)]
    assert engine_of(cdk, CDK_DOCKER=str(fake.program)) == ours


def test_any_other_engine_is_left_alone(cdk: Path) -> None:
    """As that of localaws, which builds nothing by itself."""
    assert engine_of(cdk, CDK_DOCKER="/home/me/.localaws/bin/engine") == [
        "/home/me/.localaws/bin/engine"
    ]
