"""The state folder: who holds it, where its emulator listens, where its files lie.

The emulator's process holds a lock on `lock` for as long as it lives. The kernel lets go of it
however the process ends, so no file here can be stale: `pid` and `port` count under the lock only.
"""

import fcntl
import os
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"


class LocalAwsError(Exception):
    """localaws cannot do what was asked; the text is one line that says what to do."""


def default_home() -> Path:
    """`LOCALAWS_HOME`, or `.localaws` beside this package's folder."""
    return Path(
        os.environ.get("LOCALAWS_HOME") or Path(__file__).parents[1] / ".localaws"
    ).resolve()


@contextmanager
def held(home: Path) -> Iterator[socket.socket]:
    """Hold the state folder and a listening port on 127.0.0.1 for the emulator's life.

    Raises LocalAwsError where another emulator holds the folder.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock, socket.socket() as listener:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalAwsError(f"{home}: an emulator is already running here") from None
        # A killed emulator's: another process may have its port by now.
        (home / "port").unlink(missing_ok=True)
        listener.bind((HOST, 0))
        write(home / "port", str(listener.getsockname()[1]))
        write(home / "pid", str(os.getpid()))
        try:
            yield listener
        finally:
            (home / "port").unlink()
            (home / "pid").unlink()


def is_held(home: Path) -> bool:
    """Whether an emulator's process is alive on this folder."""
    try:
        with (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def healthy_port(home: Path) -> int | None:
    """The port of this folder's emulator once it answers, None before and where there is none."""
    if not is_held(home):
        return None
    try:
        port = int((home / "port").read_text())
        with urllib.request.urlopen(f"http://{HOST}:{port}/_ministack/ready", timeout=5):
            return port
    except (OSError, ValueError):
        return None


def process_id(home: Path) -> int | None:
    """The process that holds this folder, None where none does."""
    try:
        return int((home / "pid").read_text()) if is_held(home) else None
    except (FileNotFoundError, ValueError):
        return None


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file in one step: a reader sees the old text or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).chmod(mode)
    Path(temporary).replace(path)
