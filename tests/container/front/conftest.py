"""A model of handlers, whose requests say what it is to do (sources/handlers.py)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.process import Server

SOURCES = Path(__file__).parents[1] / "sources"


def handlers_model(folder: Path) -> Path:
    """Make a folder with sources/handlers.py as its code/inference.py."""
    (folder / "code").mkdir(parents=True)
    shutil.copy(SOURCES / "handlers.py", folder / "code" / "inference.py")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with one worker, for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("front")
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "BERTH_READ_SECONDS": "1"}
    with Server(handlers_model(folder / "model"), folder / "log", **settings) as running:
        running.wait_until_ready()
        yield running
