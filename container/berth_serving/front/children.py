"""The processes below the front: it ends a worker with all that it started, and reaps them."""

import contextlib
import ctypes
import os
import signal
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36

workers: set[int] = set()
"""The children whose status is waited for elsewhere."""


def adopt() -> None:
    """Become the parent of processes whose worker has ended, as process 1 of a container is."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap() -> None:
    """Reap the children that have ended, but for workers."""
    ended = os.WEXITED | os.WNOHANG
    with contextlib.suppress(ChildProcessError):
        while child := os.waitid(os.P_ALL, 0, ended | os.WNOWAIT):
            if child.si_pid in workers:
                return  # others are seen once this one was waited for
            os.waitid(os.P_PID, child.si_pid, ended)


def end_group(leader: int) -> None:
    """Kill a worker, which was started as the leader of a process group, and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def is_stopped(process: int) -> bool:
    """Whether a process can do nothing: it was stopped by a signal, or has ended (proc(5))."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "TtZX"
    except OSError:
        return True
