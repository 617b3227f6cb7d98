"""What the container's tests share: model folders, and the real program as a process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# As entrypoint.sh has it: the package is `serving`, and container/ is on the path.
sys.path.insert(0, str(Path(__file__).parents[2] / "container"))

from tests.container.process import Server


@pytest.fixture(scope="session")
def spans_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of texts, from code: capitalised words as spans; see sources/spans.py."""
    from tests.container.folders import save_model  # MLflow: a second or two

    return save_model(tmp_path_factory.mktemp("models") / "spans", "spans.py")


@pytest.fixture(scope="session")
def table_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model from a table to an array, from code; see sources/table.py."""
    from tests.container.folders import save_model  # MLflow: a second or two

    return save_model(tmp_path_factory.mktemp("models") / "table", "table.py")


@pytest.fixture(scope="session")
def pickled_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of texts that cloudpickle holds."""
    from tests.container.folders import save_model  # MLflow: a second or two

    return save_model(tmp_path_factory.mktemp("models") / "pickled", None)


@pytest.fixture(scope="session")
def spans_server(spans_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program, serving the model of texts, for tests that leave it as it is."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(spans_model, log, BERTH_MAX_BODY_BYTES="100000") as server:
        server.wait_until_ready()
        yield server
