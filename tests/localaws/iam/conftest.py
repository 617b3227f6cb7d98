"""An emulator that judges, and a role in it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stacks.settings import Settings
from tests.localaws.conftest import TestEmulator
from tests.roles import Role, judging


@pytest.fixture(scope="session")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Iterator[TestEmulator]:
    with judging(tmp_path_factory.mktemp("iam"), settings) as running:
        yield TestEmulator(running)


@pytest.fixture
def role(emulator: TestEmulator, tmp_path: Path) -> Role:
    """One of dev's account, without any permission."""
    return Role(emulator.running, "dev", f"role-{uuid4().hex[:8]}", tmp_path)
