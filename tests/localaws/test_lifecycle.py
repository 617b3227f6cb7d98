"""Starting, finding and ending the emulator: nothing is left running, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localaws import accounts, home, lifecycle
from stacks.settings import Settings
from tests import berth_cli

pytestmark = pytest.mark.slow


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child that was not waited for is still listed.
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def await_true(ask: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def localaws(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LOCALAWS_HOME": str(state)}
    return berth_cli.run("local", *arguments, folder=accounts.CHECKOUT, environment=environment)


def test_it_ends_with_the_block(tmp_path: Path, settings: Settings) -> None:
    with lifecycle.running(tmp_path, settings) as emulator:
        pid = home.process_id(tmp_path)
        assert pid is not None
        assert home.healthy_port(tmp_path) == emulator.port
    assert ended(pid)
    assert home.healthy_port(tmp_path) is None


def test_it_ends_when_the_block_is_interrupted(tmp_path: Path, settings: Settings) -> None:
    seen = []

    def interrupted() -> None:
        with lifecycle.running(tmp_path, settings):
            seen.append(home.process_id(tmp_path))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (pid,) = seen
    assert pid is not None
    assert ended(pid)


def test_it_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from localaws import lifecycle\n"
        "from stacks.settings import load\n"
        "with lifecycle.running(Path(sys.argv[1]), load(Path('stages.toml'))):\n"
        "    time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=accounts.CHECKOUT
    )
    try:
        await_true(lambda: home.healthy_port(tmp_path))
        pid = home.process_id(tmp_path)
        assert pid is not None
    finally:
        starter.kill()
        starter.wait()
    await_true(lambda: ended(pid))


def test_one_folder_has_one_emulator(tmp_path: Path, settings: Settings) -> None:
    first = lifecycle.start(tmp_path, settings)
    try:
        assert lifecycle.start(tmp_path, settings) == first
        with (
            pytest.raises(home.LocalAwsError, match="running here already"),
            lifecycle.running(tmp_path, settings),
        ):
            pass
        foreground = localaws(tmp_path, "serve")
        assert (foreground.returncode, foreground.stderr.count("\n")) == (2, 1)
    finally:
        pid = home.process_id(tmp_path)
        assert lifecycle.stop(tmp_path)
    assert pid is not None
    await_true(lambda: ended(pid))
    assert not lifecycle.stop(tmp_path)


def test_files_left_by_a_killed_emulator_are_not_believed(
    tmp_path: Path, settings: Settings
) -> None:
    lifecycle.start(tmp_path, settings)
    pid = home.process_id(tmp_path)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await_true(lambda: home.process_id(tmp_path) is None)
    assert (tmp_path / "port").exists()
    assert not lifecycle.stop(tmp_path)
    with lifecycle.running(tmp_path, settings) as emulator:
        assert home.healthy_port(tmp_path) == emulator.port


def test_the_commands_say_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    asked = localaws(tmp_path, "env", "dev")
    assert asked.returncode == 2
    assert "not running; start it: berth local up" in asked.stderr
    asked = localaws(tmp_path, "env", "nowhere")
    assert asked.returncode == 2
    assert asked.stderr == "stages.toml: no stage 'nowhere'; there are dev, qa, prod\n"
    assert localaws(tmp_path, "status").returncode == 1
    assert localaws(tmp_path, "down").returncode == 0


def test_the_environment_points_a_shell_at_the_stage(tmp_path: Path, settings: Settings) -> None:
    with lifecycle.running(tmp_path, settings):
        lines = localaws(tmp_path, "env", "prod").stdout
        program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
        said = subprocess.run(
            ["bash", "-c", f'eval "$LINES_OF_ENV"; {sys.executable} -c "{program}"'],
            # A developer's own credentials must not win.
            env=os.environ | {"LINES_OF_ENV": lines, "AWS_ACCESS_KEY_ID": "AKIAREALLYREALLY00"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == "333333333333"
