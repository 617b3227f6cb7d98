"""The front's packages are the front's: a worker, and so the model, does not see them."""

import shutil
from pathlib import Path

import pytest

from tests.container import process
from tests.container.process import Server


def test_the_fronts_folder_is_on_no_workers_path(
    spans_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = tmp_path / "container"
    shutil.copytree(process.ENTRYPOINT.parent, container)
    (container / "front").mkdir()
    # Python imports a module of this name wherever it is on its path.
    (container / "front" / "sitecustomize.py").write_text("print('sees it', flush=True)")
    monkeypatch.setattr(process, "ENTRYPOINT", container / "entrypoint.sh")
    with Server(spans_model, tmp_path / "log") as server:
        server.wait_until_ready()
    assert server.log.read_text().count("sees it") == 1  # the front, and no worker
