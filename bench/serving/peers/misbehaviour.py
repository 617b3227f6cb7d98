"""What a text of the failure bench has a model do, in whatever server it runs."""

import ctypes
import os
import signal
import subprocess
import sys
import time

SIGN = "misbehave: "
LOCK_SECONDS = 8


def misbehave(text: str) -> None:
    """Do what the text says, if it has the sign: `misbehave: exit 7`; the rest is for variety."""
    if not text.startswith(SIGN):
        return
    kind, _, rest = text.removeprefix(SIGN).partition(" ")
    match kind:
        case "exit":
            os._exit(3)
        case "sys.exit":
            sys.exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "killed":  # as by the kernel when memory runs out
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(10_000)
        case "lock":  # PyDLL: without letting go of Python's lock
            ctypes.PyDLL(None).sleep(LOCK_SECONDS)
        case "children":
            subprocess.Popen(["/bin/sleep", rest])
            os._exit(3)
