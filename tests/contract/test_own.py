"""This project's server, as a process, by the whole kit."""

import os
import sys
from pathlib import Path

import pytest

from tests.berth_cli import status_of

pytestmark = pytest.mark.slow


def test_our_server_is_certified_also_for_good_practice(
    root: Path,
    built_model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("BERTH_MODELS_DIR", str(built_model.parent))
    # The entry point starts the `python` of the path.
    monkeypatch.setenv("BERTH_MODELS_DIR", str(built_model.parent))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    arguments = ["--process", "container/entrypoint.sh", "--model", str(built_model), "--strict"]
    assert status_of("contract", *arguments) == 0, capsys.readouterr().out
