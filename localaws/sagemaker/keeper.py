"""Runs one container program and ends it with its owner: `python keeper.py GRACE COMMAND...`.

The owner holds the other end of standard input. When that closes, because the owner asks for the
stop or because it was killed, the whole process group gets SIGTERM, and SIGKILL after GRACE
seconds. Standard library alone, run with -I -S: it has to start at once and never fail.
"""

import os
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    """Run the command to its end and return its exit status (128 + n where a signal ended it)."""
    grace, command = float(sys.argv[1]), sys.argv[2:]
    # A handler, not SIG_IGN: the program would inherit the latter, and never hear SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    # The program is one of the project's own, chosen by the emulator.
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_owner, args=[grace], daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def _end_with_owner(grace: float) -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
