"""One instance: a container's program on a loopback port of its own."""

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localaws.sagemaker.containers import SECRET_VARIABLES, Container
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.multimodel.cache import ModelCache
from localaws.sagemaker.multimodel.source import Source

STOP_GRACE_SECONDS = float(os.environ.get("LOCALAWS_STOP_GRACE_SECONDS", "30"))
"""From SIGTERM to SIGKILL. 30 s is SageMaker's (developer guide, your-algorithms-inference-code);
tests shorten it by the environment."""

PING_SECONDS = 2.0
"""How long `/ping` may take (same page)."""

MAX_REASON = 1024
"""What a FailureReason may hold (botocore's model)."""

LAST_LINES = 12
"""How many lines of a failed program's log are quoted."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_PORTS = range(20_000, 30_000)  # below the range that outgoing connections take theirs from
_numbers = itertools.count(1)
_ports_in_use: set[int] = set()
"""The ports of this emulator's instances; a program does not listen on its port at once."""
_ports_lock = threading.Lock()


@dataclass(frozen=True)
class Program:
    """What an instance runs: its command, its whole environment, and how long it may start up.

    A `container` is run in place of the command. A program with `models` is a multi-model one and
    loads each when it is first called.
    """

    label: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    startup_seconds: float
    logs: Path
    container: Container | None = None
    models: Source | None = None


class Instance:
    """A started program. Requests `enter` and `leave`; once it drains, none may enter."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.port = _free_port()
        self.id = f"i-{os.getpid():x}{next(_numbers):08x}"
        self.models = ModelCache(program.models, self.id, self.port) if program.models else None
        self.log = program.logs / f"{self.id}.log"
        self.exited = threading.Event()
        self.healthy = False
        self.outstanding = 0
        self._draining = False
        self._idle = threading.Event()
        self._lock = threading.Lock()
        self._removal: list[str] = []
        self._process = self._start()
        threading.Thread(target=self._reap, name=f"reap-{self.id}", daemon=True).start()

    def _start(self) -> "subprocess.Popen[bytes]":
        program = self.program
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**program.environment, "SAGEMAKER_BIND_TO_PORT": str(self.port)}
        command = list(program.command)
        if program.container:
            name = f"localaws-{self.id}"
            command = program.container.command(name, environment)
            own = {name: environment[name] for name in SECRET_VARIABLES if name in environment}
            environment = {**program.container.built.environment, **own}
            self._removal = program.container.removal(name)
        supervisor = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(STOP_GRACE_SECONDS)]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [*supervisor, json.dumps(self._removal), *command],
                cwd=program.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def group(self) -> int:
        """The process group (and session) that the program and all it starts belong to."""
        return self._process.pid

    def _reap(self) -> None:
        # The group is cleared before the leader is reaped: until then its number is not reused.
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._signal(signal.SIGKILL)
        self._process.wait()
        if self.program.container:
            # The supervisor removes it too, but perhaps only after this emulator's end.
            subprocess.run(
                self._removal,
                env=dict(self.program.container.built.environment),
                capture_output=True,
                check=False,
            )
        self.healthy = False
        _ports_in_use.discard(self.port)
        self.exited.set()
        self._idle.set()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def wait_until_healthy(self, cancelled: threading.Event) -> None:
        """Return once `/ping` responds with 200.

        Raises HostingError, with the last lines of the log, where it does not.

        The wait ends early when the program exits or when `cancelled` is set.
        """
        deadline = time.monotonic() + self.program.startup_seconds
        while not self.ping():
            if cancelled.is_set():
                raise HostingError("the endpoint is being stopped")
            if self.exited.wait(0.1):
                self.fail(f"ended with exit status {self._process.returncode} before it passed")
            if time.monotonic() > deadline:
                self.fail(f"did not pass within {self.program.startup_seconds:g} s")
        self.healthy = True

    def fail(self, what: str) -> None:
        """Raise the HostingError of a program that never became healthy."""
        tail = self.last_lines()
        head = (
            f"The primary container for production variant {self.program.label} {what} the ping "
            f"health check. {'Last lines of its log:' if tail else 'It wrote no log.'}\n"
        )
        # The end of a log is more useful than its beginning.
        raise HostingError(head + tail[-(MAX_REASON - len(head)) :])

    def last_lines(self) -> str:
        """The end of the program's log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 16_384))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(line for line in lines[-LAST_LINES:] if line.strip())

    def ping(self) -> bool:
        """Whether `/ping` responds with 200 in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def enter(self) -> bool:
        """Count a request in, unless the instance drains; a request that enters must `leave`."""
        with self._lock:
            if self._draining or not self.healthy:
                return False
            self.outstanding += 1
            return True

    def leave(self) -> None:
        """Count a request out."""
        with self._lock:
            self.outstanding -= 1
            if self._draining and self.outstanding == 0:
                self._idle.set()

    def drain(self, seconds: float) -> None:
        """Admit no more requests and wait for those inside, at most the seconds.

        The wait ends with the program, too.
        """
        with self._lock:
            self._draining = True
            if self.outstanding == 0:
                self._idle.set()
        self._idle.wait(seconds)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after the grace period; return when the process group has ended."""
        self.healthy = False
        self.ask_to_stop()
        if not self.exited.wait(STOP_GRACE_SECONDS + 5):
            self.kill()
            self.exited.wait(5)

    def ask_to_stop(self) -> None:
        """Have the supervisor end the program, without waiting for it."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        self._signal(signal.SIGKILL)


def _free_port() -> int:
    for port in random.sample(_PORTS, k=200):
        with _ports_lock, socket.socket() as probe:
            if port in _ports_in_use:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _ports_in_use.add(port)
            return port
    raise HostingError(f"no free loopback port between {_PORTS.start} and {_PORTS.stop}")
