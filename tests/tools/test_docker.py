"""`cdk deploy` with docker: a build gets pip's settings as secrets, the rest is docker's own."""

from pathlib import Path

import pytest

from tools.image import docker, network, podman

INDEX = "https://user:hunter2@index.example.com/simple"
FAKE = """#!/bin/sh
echo "$@" >> "{folder}/calls"
for argument; do
    case $argument in id=pip.conf,src=*) cat "${{argument#*src=}}" >> "{folder}/conf" ;; esac
done
exit 3
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that keeps what it is called with, and fails with the status 3."""
    program = tmp_path / "engine"
    program.write_text(FAKE.format(folder=tmp_path))
    program.chmod(0o755)
    for name in ("BERTH_DOCKER", "BERTH_PODMAN"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setattr(network, "pip_settings", lambda: {"extra-index-url": INDEX})
    return tmp_path


@pytest.mark.parametrize("engine", [docker, podman], ids=["docker", "podman"])
def test_the_password_of_an_index_reaches_the_build_as_a_secret_alone(
    fake: Path, engine: object
) -> None:
    given = ["build", "--build-arg", "A=1", "--tag", "cdkasset-0f", "--output=type=docker", "."]
    assert engine.main(given) == 3  # type: ignore[attr-defined]
    (call,) = (fake / "calls").read_text().splitlines()
    assert call.startswith("build ")
    assert call.endswith(" .")
    assert "--build-arg A=1" in call
    assert "hunter2" not in call
    assert f"extra-index-url = {INDEX}" in (fake / "conf").read_text()


def test_the_clis_own_option_stays_before_the_command(fake: Path) -> None:
    docker.main(["--config", "/folder", "build", "."])
    call = (fake / "calls").read_text()
    assert call.startswith("--config /folder build --secret id=pip.conf,src=")


def test_every_other_call_is_dockers_own(fake: Path) -> None:
    assert docker.main(["push", "0f"]) == 3
    assert docker.main(["--config", "/folder", "tag", "a", "build"]) == 3
    assert (fake / "calls").read_text() == "push 0f\n--config /folder tag a build\n"
    assert not (fake / "conf").exists()


def test_on_an_open_network_a_build_is_dockers_own_too(
    fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "pip_settings", dict[str, str])
    docker.main(["build", "."])
    assert (fake / "calls").read_text() == "build .\n"
