"""A server under test: how it is started, asked, read and stopped."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

from ..environments import environment
from . import processes

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements"
START_SECONDS = 180
_KILLED_SECONDS = 5  # what the kernel may take to end what was killed


class ServerError(Exception):
    """A server does not do what it was started for; the message ends with its log's last lines."""


@dataclass(frozen=True, slots=True)
class Span:
    """An entity in a text."""

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to run a server and speak with it.

    Attributes:
        command: `{port}`, `{model}` and `{scratch}` (a folder that is empty) are filled in.
        requirements: which environment's programs come first on PATH; None: the project's own.
        prepare: called with the model's folder and the scratch folder before the start.
        body: a request's body for a text.
        read: the prediction for that text, as the entities, out of an answer's body.
        family: variants of one server share it; the fastest stands for them.
    """

    name: str
    family: str
    command: tuple[str, ...]
    body: Callable[[str], bytes]
    read: Callable[[bytes], Any]
    requirements: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path, Path, Mapping[str, str]], None] | None = None
    path: str = "/invocations"
    ping: str = "/ping"


def end_with_contexts() -> None:
    """Let SIGTERM end this process as an exception does: the servers that it started end too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class Running:
    """A started server; use it as a context, which ends it with all its processes.

    Args:
        model: the folder of the model, as transformers saves it.
    """

    def __init__(self, server: Server, model: Path) -> None:
        self.server = server
        self.port = _free_port()
        self._scratch = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        scratch = Path(self._scratch.name)
        self.log = scratch / "log"
        filled = {"port": str(self.port), "model": str(model), "scratch": self._scratch.name}
        variables = _environment(server, filled)
        if server.prepare is not None:
            server.prepare(model, scratch, variables)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [part.format(**filled) for part in server.command],
                cwd=scratch,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, text: str) -> float:
        """Wait until it answers a prediction; the seconds that took.

        Raises:
            ServerError: when it ends or takes longer than START_SECONDS.
        """
        begin = time.monotonic()
        while time.monotonic() - begin < START_SECONDS:
            if self.process.poll() is not None:
                raise ServerError(
                    f"ended with status {self.process.returncode}: {self.last_lines()}"
                )
            with suppress(OSError, HTTPException):
                if self.ask("POST", self.server.path, self.server.body(text))[0] == 200:
                    return time.monotonic() - begin
            time.sleep(0.1)
        raise ServerError(f"no answer within {START_SECONDS} s: {self.last_lines()}")

    def ask(
        self, method: str, path: str, body: bytes | None = None, timeout: float = 30
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; the answer's status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def predict(self, text: str) -> Any:
        """The prediction for a text, as the server's `read` has it.

        Raises:
            ServerError: for any status but 200, or an answer of another shape.
        """
        status, answer = self.ask("POST", self.server.path, self.server.body(text))
        if status != 200:
            raise ServerError(f"status {status}: {answer[:300].decode(errors='replace')}")
        try:
            return self.server.read(answer)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ServerError(f"an answer of another shape: {answer[:300]!r}") from error

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-6:])[-1500:]

    def stop(self) -> None:
        """End it: SIGTERM, and after 10 seconds SIGKILL for whatever of it is left."""
        members = processes.tree(self.process.pid)
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + _KILLED_SECONDS
        while any(map(processes.alive, members)) and time.monotonic() < end:
            time.sleep(0.01)
        self._scratch.cleanup()


def _environment(server: Server, filled: Mapping[str, str]) -> dict[str, str]:
    own = ROOT / ".venv" / "bin"
    first = own
    if server.requirements is not None:
        first = environment(REQUIREMENTS / f"{server.requirements}.txt")
    kept = {
        key: os.environ[key]
        for key in ("HOME", "LANG", "CUDA_VISIBLE_DEVICES")
        if key in os.environ
    }
    return {
        **kept,
        "PATH": os.pathsep.join([str(first), str(own), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": filled["scratch"],
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENCH_MODEL": filled["model"],
        "BENCH_PORT": filled["port"],
        **{key: value.format(**filled) for key, value in server.environment.items()},
    }


def _free_port() -> int:
    # Below those that the kernel hands out: multi-model-server takes none above 32767.
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError("no port from 20000 to 31999 is free on 127.0.0.1")


def entities(predictions: Any) -> list[Span]:
    """The entities of the first text in an answer's `predictions`."""
    return [
        Span(found["label"], found["start"], found["end"], found["score"])
        for found in predictions[0]
    ]
