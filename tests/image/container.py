"""A container run as SageMaker runs it, with less than SageMaker would allow it."""

import ctypes
import http.client
import json
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.container.process import DEADLINE_SECONDS, Response, free_port, poll
from tools.image.engine import Engine

_CLONE_NEWNET = 0x40000000

READY_SECONDS = 240.0
"""Above what a start takes where everything else runs at once; SageMaker gives it 480 s."""

HARDENED = (
    *("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
    *("--memory=2g", "--pids-limit=256"),
)


class Container:
    """`IMAGE serve` from `with` to its end, with no network where that can be entered from here.

    Entering a container's network takes root on the engine's own machine; elsewhere the port is
    published on loopback, and the network stays.
    """

    def __init__(self, engine: Engine, image: str, model: Path) -> None:
        self.engine, self.image, self.model = engine, image, model
        self.name = f"berth-test-{secrets.token_hex(4)}"
        self.port = free_port()
        self.isolated = sys.platform == "linux" and os.geteuid() == 0
        self.options: Sequence[str] = HARDENED

    def __enter__(self) -> "Container":
        port = self.port
        network = "--network=none" if self.isolated else f"--publish=127.0.0.1:{port}:{port}"
        self.engine.ask(
            *("run", "--detach", f"--name={self.name}", network, *self.options),
            f"--volume={self.model}:/opt/ml/model:ro",
            f"--env=SAGEMAKER_BIND_TO_PORT={port}",
            *(self.image, "serve"),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.run("rm", "--force", self.name)

    def request(self, method: str, path: str, body: bytes | None = None) -> Response:
        """Send one request on a connection of its own."""
        with ThreadPoolExecutor(1) as thread:
            connected = thread.submit(self._connected).result()
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.sock = connected
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()

    def _connected(self) -> socket.socket:
        """A connection out of the container's own network, where this thread moves for good."""
        if self.isolated:
            try:
                namespace = Path(f"/proc/{self.state('{{.State.Pid}}')}/ns/net").open()  # noqa: SIM115
            except FileNotFoundError:
                raise ConnectionError("it has ended") from None
            with namespace:
                assert ctypes.CDLL(None).setns(namespace.fileno(), _CLONE_NEWNET) == 0
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS)

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.state("{{.State.Running}}") == "true", self.log()
            try:
                return self.request("GET", "/ping").status == 200
            except ConnectionError:
                return False

        poll(ready, READY_SECONDS)

    def invoke(self, document: object) -> Any:
        """The predictions for a JSON document."""
        answer = self.request("POST", "/invocations", json.dumps(document).encode())
        assert answer.status == 200, answer.body
        return answer.json["predictions"]

    def terminate(self) -> None:
        self.engine.ask("kill", "--signal=TERM", self.name)

    def wait(self) -> int:
        """Wait for it to end by itself, and return its status."""
        return int(self.engine.ask("wait", self.name))

    def state(self, template: str) -> str:
        return self.engine.ask("inspect", "--format", template, self.name)

    def log(self) -> str:
        done = self.engine.run("logs", self.name)
        return done.stdout + done.stderr
