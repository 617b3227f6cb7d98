"""One AWS for all tests of a deployed stage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Deployment, an_aws, clone


@pytest.fixture(scope="session")
def deployment(
    root: Path, built_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A stage of the project that is not deployed yet."""
    project = clone(root, built_model, tmp_path_factory.mktemp("promotion") / "project")
    with an_aws(project, "dev") as made:
        yield made
