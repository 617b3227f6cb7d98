"""The container's program as SageMaker starts it, and a client for it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTRYPOINT = Path(__file__).parents[2] / "container" / "entrypoint.sh"
DEADLINE_SECONDS = 60.0


def poll(condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@dataclass(frozen=True)
class Response:
    """An answer's status, headers and body."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`entrypoint.sh serve` on a free port of loopback, from `with` to its end."""

    def __init__(self, model_dir: Path, log: Path, **environment: str) -> None:
        self.log = log
        self.port = free_port()
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "SM_MODEL_DIR": str(model_dir),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "BERTH_BIND_HOST": "127.0.0.1",
            **environment,
        }

    def __enter__(self) -> "Server":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ENTRYPOINT, "serve"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send one request on a connection of its own; an iterable body is sent chunked."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())

    def invoke(self, document: object, **headers: str) -> Response:
        """POST a JSON document to /invocations."""
        sent = {"Content-Type": "application/json", **headers}
        return self.request("POST", "/invocations", json.dumps(document).encode(), sent)

    def ping(self) -> int | None:
        """Return the status of /ping, or `None` when nothing listens."""
        try:
            answer = self.request("GET", "/ping")
        except ConnectionError:
            return None
        assert answer.body == b""
        return answer.status

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return self.ping() == 200

        poll(ready)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for the process to end by itself, and return its status."""
        return self.process.wait(DEADLINE_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log; every line of it has to be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Gate:
    """A FIFO that the model reads when a text names it: shut until `open`."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.writer: int | None = None

    def wait_until_reached(self) -> None:
        """Wait until the model reads: its request is being computed."""

        def reached() -> bool:
            with contextlib.suppress(OSError):  # ENXIO: nobody reads yet
                self.writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            return self.writer is not None

        poll(reached)

    def open(self) -> None:
        assert self.writer is not None
        os.close(self.writer)
        self.writer = None
