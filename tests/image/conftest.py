"""The image, built for real. `make test-image` runs these; without `--image` they are skipped."""

from pathlib import Path

import pytest

from tests import STAGES_FILE
from tests.berth_cli import status_of
from tests.image.container import Container
from tools.image.engine import Engine, ImageError, find

TAG = "localhost/berth-test"
WHY_NOT = (
    "builds and runs the image, minutes of work for an engine that not every machine has; "
    "`make test-image` runs it, and so does CI"
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--image"):
        here = Path(__file__).parent
        for item in items:
            if item.path.is_relative_to(here):
                item.add_marker(pytest.mark.skip(reason=WHY_NOT))


@pytest.fixture(scope="session")
def engine() -> Engine:
    try:
        return find()
    except ImageError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def image(engine: Engine, built_model: Path) -> str:
    """The image of the example model, with PyTorch's CPU build, on whatever base can be had."""
    assert (
        status_of("--stages", str(STAGES_FILE), "image", "--cpu", "--any-base", "--tag", TAG) == 0
    )
    return TAG


@pytest.fixture
def container(engine: Engine, image: str, built_model: Path) -> Container:
    """A container of it, not started yet."""
    return Container(engine, image, built_model)
