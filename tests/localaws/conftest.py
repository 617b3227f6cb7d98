"""One emulator for the session: a real process with a state folder of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from localaws import lifecycle
from stacks.settings import Settings, load
from tests import STAGES_FILE


@dataclass(frozen=True)
class TestEmulator:
    """What a test sees of the emulator."""

    __test__ = False

    running: lifecycle.Emulator

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def home(self) -> Path:
        return self.running.home

    def client(self, service: str, stage_or_account: str, region: str = "eu-central-1") -> Any:
        """A boto3 client of a stage's account, or of any account by its twelve digits."""
        stage = self.running.settings.stages.get(stage_or_account)
        return boto3.Session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=stage.account if stage else stage_or_account,
            aws_secret_access_key=self.running.secret,
        )


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load(STAGES_FILE)


@pytest.fixture(scope="session")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Iterator[TestEmulator]:
    home = tmp_path_factory.mktemp("localaws")
    with lifecycle.running(home, settings) as running:
        yield TestEmulator(running)
