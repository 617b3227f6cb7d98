"""Starting, finding and ending the emulator: nothing is left running, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from localaws import accounts, home, lifecycle
from stacks.settings import Settings
from tests import berth_cli

pytestmark = pytest.mark.slow

HOLDER = """
import os, sys
from pathlib import Path
from localaws import home
state, how = Path(sys.argv[1]), sys.argv[2:]
with home.held(state) as hold:
    if "ends" in how:
        hold.withdraw()
    child = os.fork() if "forks" in how else 1
    if child:
        print("held", flush=True)
    sys.stdin.read()
"""
"""Holds a folder as an emulator does; `ends`: as one that is about to end; `forks`: with a child
that outlives it."""


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


@contextmanager
def holder(state: Path, *how: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a state folder as an emulator does, until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state), *how],
        cwd=accounts.CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen while `lifecycle` waits for the first time, and once alone."""

    def happens(event: Callable[[], object]) -> None:
        left, sleep = [event], time.sleep

        def pause(seconds: float) -> None:
            if left:
                left.pop()()
            else:
                sleep(seconds)

        monkeypatch.setattr(time, "sleep", pause)

    return happens


def end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


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
        assert foreground.returncode == 2
        assert foreground.stderr == f"{tmp_path}: an emulator is already running here\n"
    finally:
        pid = home.process_id(tmp_path)
        assert lifecycle.stop(tmp_path)
    assert pid is not None
    await_true(lambda: ended(pid))
    assert not lifecycle.stop(tmp_path)


def test_nothing_of_a_killed_emulator_is_believed(tmp_path: Path, settings: Settings) -> None:
    killed = lifecycle.start(tmp_path, settings)
    pid = home.process_id(tmp_path)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await_true(lambda: home.process_id(tmp_path) is None)
    assert home.healthy_port(tmp_path) is None
    assert not lifecycle.stop(tmp_path)
    # Whoever has its port now is none of this folder's.
    with socket.create_server((home.HOST, killed.port)), holder(tmp_path, "ends"):
        assert home.serving(tmp_path) is None


def test_looking_never_stands_in_the_way_of_a_start(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from localaws import home\n"
        "for _ in range(1000):\n"
        "    with home.held(Path(sys.argv[1])):\n"
        "        pass\n"
    )
    taking = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=accounts.CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
    )
    while taking.poll() is None:
        home.is_held(tmp_path)
    _, said = taking.communicate()
    assert (taking.returncode, said) == (0, "")


def test_no_child_of_a_killed_emulator_holds_its_folder(tmp_path: Path) -> None:
    with holder(tmp_path, "forks") as process:
        assert home.process_id(tmp_path) == process.pid
        process.kill()
        process.wait()
        assert not home.is_held(tmp_path)


def test_a_start_waits_for_one_that_ends(
    tmp_path: Path, settings: Settings, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    with holder(tmp_path, "ends") as ending:
        meanwhile(lambda: end(ending))
        started = lifecycle.start(tmp_path, settings)
        assert home.healthy_port(tmp_path) == started.port
        assert lifecycle.stop(tmp_path)


def test_a_block_waits_for_one_that_ends(
    tmp_path: Path, settings: Settings, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    with holder(tmp_path, "ends") as ending:
        meanwhile(lambda: end(ending))
        with lifecycle.running(tmp_path, settings) as emulator:
            assert home.healthy_port(tmp_path) == emulator.port


def test_an_emulator_that_is_told_to_end_takes_no_more_starts(
    tmp_path: Path, settings: Settings
) -> None:
    """Its containers may take half a minute to end; it holds the folder for so long."""
    first = lifecycle.start(tmp_path, settings)
    pid = home.process_id(tmp_path)
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    await_true(lambda: home.serving(tmp_path) is None)
    second = lifecycle.start(tmp_path, settings)
    assert home.process_id(tmp_path) not in (None, pid)
    assert second.port != first.port
    assert lifecycle.stop(tmp_path)


@pytest.fixture
def quicker(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen between the look at a folder and the start of a process on it."""

    def happens(event: Callable[[], object]) -> None:
        spawn = lifecycle._spawn

        def late(*given: Any, **named: Any) -> Any:
            monkeypatch.setattr(lifecycle, "_spawn", spawn)
            event()
            return spawn(*given, **named)

        monkeypatch.setattr(lifecycle, "_spawn", late)

    return happens


def test_a_block_never_takes_anothers_emulator_for_its_own(
    tmp_path: Path, settings: Settings, quicker: Callable[[Callable[[], object]], None]
) -> None:
    others = []
    quicker(lambda: others.append(lifecycle.start(tmp_path, settings)))
    with (
        pytest.raises(home.LocalAwsError, match="running here already"),
        lifecycle.running(tmp_path, settings),
    ):
        pass
    assert home.healthy_port(tmp_path) == others[0].port
    assert lifecycle.stop(tmp_path)


def test_of_two_starts_at_once_both_have_the_one_emulator(
    tmp_path: Path, settings: Settings, quicker: Callable[[Callable[[], object]], None]
) -> None:
    others = []
    quicker(lambda: others.append(lifecycle.start(tmp_path, settings)))
    assert [lifecycle.start(tmp_path, settings)] == others
    assert lifecycle.stop(tmp_path)


def test_a_stop_does_not_wait_for_the_successors_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as both:
        first = both.enter_context(holder(tmp_path))
        kill = os.kill

        def succeed(pid: int, number: int) -> None:
            kill(pid, number)
            first.wait()
            both.enter_context(holder(tmp_path))

        monkeypatch.setattr(os, "kill", succeed)
        assert lifecycle.stop(tmp_path)
        assert home.is_held(tmp_path)


def test_one_that_does_not_start_is_not_left_behind(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned = []
    spawn = lifecycle._spawn

    def watched(*given: Any, **named: Any) -> Any:
        spawned.append(spawn(*given, **named))
        return spawned[-1]

    monkeypatch.setattr(lifecycle, "_spawn", watched)
    monkeypatch.setattr(lifecycle, "_START_SECONDS", 0)
    with pytest.raises(home.LocalAwsError, match="does not start: see"):
        lifecycle.start(tmp_path, settings)
    assert spawned[0].poll() is not None
    assert not home.is_held(tmp_path)


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
