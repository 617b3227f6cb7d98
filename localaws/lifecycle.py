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
from localaws.home import HOST, LocalAwsError, is_held, process_id, responds, secret, serving
from stacks.settings import Settings

_START_SECONDS = 60
# SageMaker gives a container 30 s to end; the emulator does too, so it may take longer than that.
_STOP_SECONDS = 60

HELD_STATUS = 3
"""The exit status of an emulator that found its state folder held by another."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: its state folder, its port and the settings whose stages it serves."""

    home: Path
    port: int
    settings: Settings

    @property
    def url(self) -> str:
        """The address of every service."""
        return f"http://{HOST}:{self.port}"

    @property
    def secret(self) -> str:
        """The secret access key of every account; the access key ID is the account's number."""
        return secret(self.home)

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

    It ends with this process too, even where that is killed: it watches the pipe to it. One that is
    about to end on this folder is waited for.

    Raises LocalAwsError where one runs on this folder already, or it does not start.
    """
    while True:
        if _is_taken(home):
            raise LocalAwsError(
                f"{home}: an emulator is running here already; end it: berth local down"
            )
        process = _spawn(home, "--with-parent", stdin=subprocess.PIPE)
        try:
            port = _port_of(home, process)
            if port is not None:
                yield _emulator(home, settings, port)
                return
        finally:
            _end(home, process)


def start(home: Path, settings: Settings) -> Emulator:
    """Leave an emulator running in the background: this folder's own, where it has one.

    One that is about to end is waited for; its successor is the one.

    Raises LocalAwsError where it does not start.
    """
    while True:
        process = None if _is_taken(home) else _spawn(home, stdin=subprocess.DEVNULL)
        try:
            port = _port_of(home, process)
        except BaseException:
            if process is not None:
                _end(home, process)
            raise
        if port is not None:
            return _emulator(home, settings, port)


def stop(home: Path) -> bool:
    """End this folder's emulator and everything it hosts; whether there was one.

    Raises LocalAwsError where it does not end.
    """
    pid = process_id(home)
    if pid is None:
        return False
    if pid == 0:  # the kernel's number for a process outside this container
        raise LocalAwsError(f"{home}: its emulator runs in another container: end it there")
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    # Not until the folder is free: another may have it at once.
    for _ in _poll(_STOP_SECONDS):
        if process_id(home) != pid:
            return True
    raise _does_not_end(home, pid)


def _emulator(home: Path, settings: Settings, port: int) -> Emulator:
    accounts.write_files(home, settings, port)
    return Emulator(home, port, settings)


def _is_taken(home: Path) -> bool:
    """Whether an emulator has this folder and is not about to end; one that is, is waited for."""
    for _ in _poll(_STOP_SECONDS):
        if serving(home):
            return True
        if not is_held(home):
            return False
    raise _does_not_end(home, process_id(home))


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


def _port_of(home: Path, process: subprocess.Popen[bytes] | None) -> int | None:
    """The port of the emulator that is our `process`, or of any emulator where that is None.

    None where another emulator has taken the folder first, or where that emulator ends.
    """
    for _ in _poll(_START_SECONDS):
        status = process.poll() if process else None
        if status == HELD_STATUS:
            return None
        if status is not None:
            break
        found = serving(home)
        if found is None and process is None:
            return None
        if found and (process is None or found[0] == process.pid) and responds(found[1]):
            return found[1]
    raise LocalAwsError(f"the emulator does not start: see {home / 'emulator.log'}")


def _end(home: Path, process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise _does_not_end(home, process.pid) from None


def _poll(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.03)


def _does_not_end(home: Path, pid: int | None) -> LocalAwsError:
    return LocalAwsError(f"the emulator (process {pid}) does not end: see {home / 'emulator.log'}")
