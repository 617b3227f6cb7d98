"""Run one container program and end it with its owner.

The command line is `supervisor.py GRACE AFTERWARDS COMMAND...`.

The owner holds the other end of standard input. When that closes, because the owner asks for the
stop or because it was killed, the whole process group gets SIGTERM, and SIGKILL after GRACE
seconds. AFTERWARDS is a command as a JSON array; it runs once the program has ended, however that
came about, also where this process was killed: a container is no child of the client that started
it, and would live on. [] stands for none.

Standard library alone, run with -I -S: it has to start at once and never fail.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    """Run the command to its end and return its exit status (128 + n where a signal ended it)."""
    grace, afterwards, command = float(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    # A handler, not SIG_IGN: the program would inherit the latter, and never hear SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    if afterwards:
        _run_afterwards(afterwards)
    # The program is one of the project's own, chosen by the emulator.
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_owner, args=[grace], daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def _run_afterwards(afterwards: list[str]) -> None:
    """Have another process, in a session of its own, run the command when this one is gone."""
    reader, writer = os.pipe()  # ours alone: no program that is started inherits it
    if os.fork():
        os.close(reader)
        return
    os.close(writer)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.read(reader, 1)
    os.execvp(afterwards[0], afterwards)  # noqa: S606 - the emulator's own command


def _end_with_owner(grace: float) -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
