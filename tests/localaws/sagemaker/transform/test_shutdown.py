"""No program of a job outlives the emulator."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from localaws import home as homes
from localaws import lifecycle
from stacks.settings import Settings
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import STUB, Account, eventually
from tests.localaws.sagemaker.test_shutdown import programs_of
from tests.localaws.sagemaker.transform.conftest import Transforms

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_jobs_program_ends_with_the_emulator(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
    shutil.copytree(STUB, tmp_path / "images" / "stub")
    with lifecycle.running(tmp_path, settings) as running:
        transforms = Transforms(Account(TestEmulator(running)))
        name = transforms.begin(
            transforms.put({"slow": '{"sleep": 600}'}), transforms.model(stubborn=True)
        )
        eventually(lambda: "TransformStartTime" in transforms.describe(name))
        emulator = homes.process_id(tmp_path)
        assert emulator is not None
        os.kill(emulator, number)
        eventually(lambda: not programs_of(tmp_path))
