"""`berth serve` and `berth image`: what they start, and with what."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.berth_cli import ROOT, status_of
from tools.image import build, engine


@pytest.fixture(autouse=True)
def _in_the_project(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model_folder)
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    monkeypatch.delenv("TORCH_INDEX_URL", raising=False)


def test_the_server_takes_the_place_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Path, list[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    assert status_of("serve", "--port", "8123") == 0
    ((program, arguments, environment),) = started
    assert program == ROOT / "container" / "entrypoint.sh"
    assert arguments[1:] == ["serve"]
    assert environment["SM_MODEL_DIR"] == "build/model"
    assert environment["SAGEMAKER_BIND_TO_PORT"] == "8123"
    # Nobody but this machine reaches it.
    assert environment["BERTH_BIND_HOST"] == "127.0.0.1"
    # The entry point starts the `python` of the path.
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert "BERTH_BATCH_REQUESTS" not in environment


def test_the_server_is_told_of_models_that_work_row_by_row(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = model_folder / "stages.toml"
    file.write_text(file.read_text().replace("[model]", "[model]\nbatch_requests = true"))
    started: list[Mapping[str, str]] = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given[-1]))
    assert status_of("serve") == 0
    assert started[0]["BERTH_BATCH_REQUESTS"] == "1"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments and names of the images that are built, by an engine that builds none."""
    made: list[dict[str, Any]] = []
    # What this machine's pip says of torch is tested in tests/tools/test_image.py.
    monkeypatch.setattr(build, "replaced", lambda cuda: {"TORCH_INDEX_URL": f"cuda {cuda}"})
    podman = engine.Engine("podman", is_podman=True)
    monkeypatch.setattr(engine, "find", lambda: podman)
    monkeypatch.setattr(
        build, "build", lambda _, arguments, tag: made.append({**arguments, "tag": tag})
    )
    return made


def test_the_image_is_the_one_that_a_deployment_builds(
    built: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("image") == 0
    assert built[0]["PYTHON_VERSION"] == "3.11.7"
    assert built[0]["tag"] == "berth"
    assert capsys.readouterr().out == "berth: built by podman\n"


def test_another_name_and_pytorch_for_cpu_can_be_had(built: list[dict[str, Any]]) -> None:
    assert status_of("image", "--cpu", "--tag", "mine") == 0
    assert status_of("image") == 0
    assert [(one["tag"], one["TORCH_INDEX_URL"]) for one in built] == [
        ("mine", "cuda none"),
        ("berth", "cuda 13.0"),
    ]
