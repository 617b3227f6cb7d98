"""Start and stop the emulator's process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session

from localaws import accounts
from localaws.home import HOST, LocalAwsError, healthy_port, is_held, process_id
from stacks.settings import Settings

_START_SECONDS = 60
# SageMaker gives a container 30 s to end; the emulator does too, so it may take longer than that.
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Emulator:
    """A running emulator: its state folder, its port and the settings whose stages it serves."""

    home: Path
    port: int
    settings: Settings

    @property
    def url(self) -> str:
        """Where every service answers."""
        return f"http://{HOST}:{self.port}"

    def environment(self, stage: str) -> dict[str, str]:
        """The whole environment of a program (cdk, aws) that works in a stage's account."""
        return accounts.environment(self.home, self.settings, stage, self.port)

    def session(self, stage: str) -> boto3.Session:
        """A boto3 session of the stage's profile, whatever this process's environment says."""
        core = botocore.session.Session(profile=accounts.profile(self.settings, stage))
        core.set_config_variable("config_file", str(self.home / "config"))
        core.set_config_variable("credentials_file", str(self.home / "credentials"))
        core.set_config_variable("ignore_configured_endpoint_urls", False)
        return boto3.Session(botocore_session=core)


@contextmanager
def running(home: Path, settings: Settings) -> Iterator[Emulator]:
    """An emulator for the length of the block; nothing of it is left, however the block ends.

    It ends with this process too, even where that is killed: it watches the pipe to it.

    Raises LocalAwsError where one runs on this folder already, or it does not start.
    """
    if is_held(home):
        raise LocalAwsError(
            f"{home}: an emulator is running here already; end it: berth local down"
        )
    process = _spawn(home, "--with-parent", stdin=subprocess.PIPE)
    try:
        yield _ready(home, settings, process)
    finally:
        process.terminate()
        if process.stdin is not None:
            process.stdin.close()
        _wait_until_free(home)
        process.wait()


def start(home: Path, settings: Settings) -> Emulator:
    """Leave an emulator running in the background: this folder's own, where it has one.

    Raises LocalAwsError where it does not start.
    """
    process = None if is_held(home) else _spawn(home, stdin=subprocess.DEVNULL)
    return _ready(home, settings, process)


def stop(home: Path) -> bool:
    """End this folder's emulator and everything it hosts; whether there was one.

    Raises LocalAwsError where it does not end.
    """
    pid = process_id(home)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    _wait_until_free(home)
    return True


def _spawn(home: Path, *options: str, stdin: int) -> subprocess.Popen[bytes]:
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"LOCALAWS_HOME": str(home), "PYTHONPATH": str(accounts.CHECKOUT)}
    with (home / "emulator.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "localaws.serve", *options],
            stdin=stdin,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=home,
            # A Ctrl-C at the terminal is for the program in front, which then ends this one.
            start_new_session=True,
        )


def _ready(home: Path, settings: Settings, process: subprocess.Popen[bytes] | None) -> Emulator:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        port = healthy_port(home)
        if port is not None:
            accounts.write_files(home, settings, port)
            return Emulator(home, port, settings)
        # Where another process was quicker, ours ends at once and the other's answer counts.
        if process is not None and process.poll() is not None and not is_held(home):
            break
        time.sleep(0.03)
    raise LocalAwsError(f"the emulator does not start: see {home / 'emulator.log'}")


def _wait_until_free(home: Path) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while is_held(home):
        if time.monotonic() > deadline:
            raise LocalAwsError(
                f"the emulator (process {process_id(home)}) does not end: see"
                f" {home / 'emulator.log'}"
            )
        time.sleep(0.03)
