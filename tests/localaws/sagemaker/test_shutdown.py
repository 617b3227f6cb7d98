"""Nothing of an endpoint outlives the emulator, and its log is kept."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from localaws import home as homes
from localaws import lifecycle
from stacks.settings import Settings
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import REGION, STUB, Account, eventually
from tests.localaws.sagemaker.test_endpoint_life import alive

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_containers_end_with_the_emulator(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
    shutil.copytree(STUB, tmp_path / "images" / "stub")
    with lifecycle.running(tmp_path, settings) as running:
        account = Account(TestEmulator(running))
        pids = [
            account.invoke(account.serve(behaviour=behaviour))["pid"]
            for behaviour in ({}, {"stubborn": True})
        ]
        starting = account.create(account.config(behaviour={"start_seconds": 60}))
        log = tmp_path / "endpoints" / account.account / REGION / starting / "logs"
        eventually(lambda: any(log.rglob("*.log")))
        emulator = homes.process_id(tmp_path)
        assert emulator is not None
        os.kill(emulator, number)
        eventually(lambda: not any(alive(pid) for pid in pids))
        eventually(lambda: not programs_of(tmp_path))


def programs_of(home: Path) -> list[str]:
    """The processes whose command or environment names this state folder's images."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if str(home / "images") in command:
            found.append(command)
    return found


def test_a_containers_output_is_in_cloudwatch_logs(account: Account) -> None:
    name = account.serve()
    logs = account.client("logs")
    group = f"/aws/sagemaker/Endpoints/{name}"

    def messages() -> list[str]:
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in found]

    account.invoke(name)
    eventually(lambda: any("POST /invocations" in line for line in messages()))
    assert "loading ['serve']" in messages()
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("all/i-")
    account.delete(name)
