"""The emulator that worlds are made in."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from localaws import lifecycle
from stacks.settings import load
from tests import STAGES_FILE
from tests.promotion.promoting.world import World


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Credentials of three accounts for this process, as a user's shell has them.

    For a module: the environment is every other test's, too.
    """
    home = tmp_path_factory.mktemp("localaws")
    before, folder = dict(os.environ), Path.cwd()
    with lifecycle.running(home, load(STAGES_FILE)) as emulator:
        os.environ.update(emulator.environment("dev"))
        # Nothing is retried for long: what is tried here fails for good.
        os.environ["AWS_MAX_ATTEMPTS"] = "1"
        yield
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def world(accounts: None, tmp_path: Path) -> World:
    del accounts
    return World.made(tmp_path / "project", f"p{uuid4().hex[:8]}", STAGES_FILE.read_text())
