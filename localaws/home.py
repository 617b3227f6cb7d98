"""The state folder: the emulator that holds it, its port, its files.

The emulator's process holds record locks on the file `lock`: byte 0 for as long as it lives, and,
while it takes requests, the byte whose offset is its port. The kernel lets go of both however the
process ends, so there is nothing stale to believe. Record locks belong to a process: no child
inherits one, and asking for the holder (F_GETLK) takes none, so it never stands in the
way of a start. The price: the emulator's process must not open `lock` again, as closing it would
end its locks. https://man7.org/linux/man-pages/man2/F_GETLK.2const.html
"""

import fcntl
import os
import secrets
import socket
import struct
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"

READY = "/_ministack/ready"
"""The one path that takes unsigned requests; its responses are empty."""

_KEY_FILE = "secret"

# `struct flock`, as CPython's own tests pack it: the type and the origin of the offset come first
# or last.
_TYPE_LAST = sys.platform == "darwin"
_FLOCK = "qqihh" if _TYPE_LAST else "hhqqi4x"


class LocalAwsError(Exception):
    """localaws cannot do what was asked; the text is one line that names the remedy."""


class HeldError(LocalAwsError):
    """Another emulator holds the state folder."""


def default_home() -> Path:
    """`LOCALAWS_HOME`, or `.localaws` beside this package's folder."""
    return Path(
        os.environ.get("LOCALAWS_HOME") or Path(__file__).parents[1] / ".localaws"
    ).resolve()


@dataclass(frozen=True)
class Hold:
    """An emulator's hold on its state folder.

    Attributes:
        listener: bound to a free port of 127.0.0.1.
    """

    listener: socket.socket
    port: int
    _lock: IO[str]

    def withdraw(self) -> None:
        """Release the port's lock: this emulator takes no more requests and is about to end."""
        fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, self.port)


@contextmanager
def held(home: Path) -> Iterator[Hold]:
    """Hold the state folder and a listening port on 127.0.0.1 for the emulator's life.

    A new secret is in the folder by the time that others can see the port.

    Raises HeldError where another emulator holds the folder.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock, socket.socket() as listener:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
        except (BlockingIOError, PermissionError):  # POSIX allows either
            raise HeldError(f"{home}: an emulator is already running here") from None
        write(home / _KEY_FILE, secrets.token_urlsafe())
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
        fcntl.lockf(lock, fcntl.LOCK_EX, 1, port)
        yield Hold(listener, port, lock)


def secret(home: Path) -> str:
    """The secret access key of every account here, until the next start."""
    return (home / _KEY_FILE).read_text()


def is_held(home: Path) -> bool:
    """Whether an emulator's process is alive on this folder."""
    return process_id(home) is not None


def process_id(home: Path) -> int | None:
    """The process that holds this folder; None where none does."""
    found = _first_lock(home, 0, 1)
    return found[0] if found else None


def serving(home: Path) -> tuple[int, int] | None:
    """The process and the port of this folder's emulator; None where it is about to end."""
    return _first_lock(home, 1, 65_535)


def healthy_port(home: Path) -> int | None:
    """The port of this folder's emulator; None where there is none that responds."""
    found = serving(home)
    return found[1] if found and responds(found[1]) else None


def required_port(home: Path) -> int:
    """The port of this folder's emulator; LocalAwsError where none responds."""
    port = healthy_port(home)
    if port is None:
        raise LocalAwsError("AWS on this machine is not running; start it: berth local up")
    return port


def responds(port: int) -> bool:
    """Whether an emulator responds on this port."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{READY}", timeout=5):
            return True
    except (OSError, ValueError):
        return False


def _first_lock(home: Path, start: int, length: int) -> tuple[int, int] | None:
    """The holder and the offset of the first lock that another process has within a range."""
    question = (fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    order = (2, 3, 4, 0, 1) if _TYPE_LAST else (0, 1, 2, 3, 4)
    try:
        with (home / "lock").open() as lock:
            response = fcntl.fcntl(
                lock, fcntl.F_GETLK, struct.pack(_FLOCK, *(question[one] for one in order))
            )
    except FileNotFoundError:
        return None
    fields = dict(zip(order, struct.unpack(_FLOCK, response), strict=True))
    return None if fields[0] == fcntl.F_UNLCK else (fields[4], fields[2])


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file in one step: a reader sees the old text or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).chmod(mode)
    Path(temporary).replace(path)
