"""Whether an image is built or its context stands for it."""

from pathlib import Path

import pytest

from localaws import engine
from localaws.home import LocalAwsError
from localaws.images import Built, mode, wanted_engine

pytestmark = pytest.mark.slow

CALLS = """#!/bin/sh
case "$1" in --version) echo podman version 4 ;; info) ;; *) echo "$@" >> {log} ;; esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCALAWS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A podman that takes every call and does nothing; the file that it writes the calls to."""
    programs, log = tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    (programs / "podman").write_text(CALLS.format(log=log))
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("LOCALAWS_IMAGES", "auto")
    return log


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("ARG TORCH_INDEX_URL\nFROM scratch\n")
    (folder / "entrypoint.sh").write_text("#!/bin/sh\n")
    monkeypatch.chdir(folder)
    return folder


def build() -> int:
    given = ["--build-arg", "TORCH_INDEX_URL=https://download.pytorch.org/whl/cu130"]
    options = ["--platform", "linux/amd64", "--output=type=docker", "."]
    return engine.main(["build", *given, "--tag", "cdkasset-1", *options])


def test_an_engine_that_answers_builds_tags_and_is_remembered(
    home: Path, podman: Path, context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///mine")
    assert build() == 0
    assert engine.main(["tag", "cdkasset-1", "repository:1"]) == 0
    assert engine.main(["inspect", "repository:1"]) == 0
    built = Built.read(home / "images" / "1")
    assert built is not None
    assert (built.image, built.is_podman) == ("repository:1", True)
    assert built.environment["DOCKER_HOST"] == "unix:///mine"  # the emulator's own leads nowhere
    calls = podman.read_text()
    assert "tag cdkasset-1 repository:1" in calls
    assert "--tag cdkasset-1" in calls
    assert "cu130" not in calls  # this machine has no GPU to speak of
    assert "--output" not in calls  # podman takes another kind


def test_never_means_the_context_also_where_an_engine_answers(
    home: Path,
    podman: Path,
    context: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOCALAWS_IMAGES", "never")
    assert build() == 0
    assert not podman.exists()
    assert "NOT built; localaws runs its build context instead: LOCALAWS_IMAGES is never" in (
        capsys.readouterr().err
    )


def test_what_stands_for_an_image_is_none_once_an_engine_is_there(
    home: Path, podman: Path, context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALAWS_IMAGES", "never")
    build()
    assert engine.main(["inspect", "cdkasset-1"]) == 0
    monkeypatch.setenv("LOCALAWS_IMAGES", "auto")
    assert engine.main(["inspect", "cdkasset-1"]) == 1
    build()
    assert engine.main(["inspect", "cdkasset-1"]) == 0
    monkeypatch.setenv("LOCALAWS_IMAGES", "never")
    assert engine.main(["inspect", "cdkasset-1"]) == 1


def test_where_one_is_asked_for_there_has_to_be_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOCALAWS_IMAGES", "auto")
    assert wanted_engine() is None
    monkeypatch.setenv("LOCALAWS_IMAGES", "always")
    with pytest.raises(LocalAwsError, match="no container engine"):
        wanted_engine()


def test_any_other_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAWS_IMAGES", "yes")
    with pytest.raises(LocalAwsError, match="must be auto, always, never"):
        mode()
