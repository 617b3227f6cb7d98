"""`--image`: a container of docker or podman, run as SageMaker runs it."""

import ctypes
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contract.client import Client
from contract.container import (
    MODEL_NAMES,
    RunningContainer,
    StartOptions,
    environment,
    free_port,
)

_CLONE_NEWNET = 0x40000000
_DELETED_OR_MADE = {"A", "C", "D"}


class NoEngineError(Exception):
    """Neither docker nor podman works here, or there is no such image."""


class ImageLauncher:
    """Runs an image with a read-only model and a memory limit.

    Attributes:
        isolated: whether the container has no network, and the kit enters its network namespace.
            That needs root on the engine's own Linux; otherwise the port is published on loopback.
    """

    def __init__(self, image: str, model: Path | None, *, memory: str) -> None:
        self.engine = _engine()
        self.image = image
        self.model = model
        self.memory = memory
        self.isolated = sys.platform == "linux" and os.geteuid() == 0
        found = _run([self.engine, "image", "inspect", image], f"no image {image!r}")
        config = json.loads(found)[0]
        self.labels: Mapping[str, str] = (config.get("Config") or config).get("Labels") or {}

    def start(self, how: StartOptions) -> RunningContainer:
        """Start a container of the image."""
        port = free_port()
        own = free_port()
        name = f"contract-{secrets.token_hex(4)}"
        variables = environment(port, how)
        _run(
            [
                *(self.engine, "run", "--detach", "--name", name, "--memory", self.memory),
                *(f"--env={key}={value}" for key, value in variables.items()),
                *(f"--volume={self.model}:{path}:ro" for path in self._mounts(how)),
                *(["--network=none"] if self.isolated else _published(port, own)),
                *(self.image, how.argument),
            ],
            "the container does not start",
        )
        return _RunningImage(self, name, port, 8080 if self.isolated else own)

    def _mounts(self, how: StartOptions) -> list[str]:
        if self.model is None:
            return []
        many = [f"/opt/ml/models/{name}/model" for name in MODEL_NAMES]
        return many if how.many_models else ["/opt/ml/model"]


class _RunningImage(RunningContainer):
    """A container of the image; see `RunningContainer` for the methods."""

    def __init__(self, launcher: ImageLauncher, name: str, port: int, default: int) -> None:
        self._engine = launcher.engine
        self._name = name
        self._model = launcher.model
        self._namespace: ThreadPoolExecutor | None = None
        new_socket: Callable[[], socket.socket] = socket.socket
        if launcher.isolated and (pid := self.pid()):
            self._namespace = ThreadPoolExecutor(1, initializer=_enter, initargs=(pid,))
            new_socket = self._socket_inside
        self.client = Client("127.0.0.1", port, new_socket)
        self.default: Client | None = Client("127.0.0.1", default, new_socket)

    def pid(self) -> int | None:
        pid = int(self._inspect("{{.State.Pid}}"))
        return pid if pid and Path(f"/proc/{pid}").exists() else None

    def ended(self) -> int | None:
        running, status = self._inspect("{{.State.Running}} {{.State.ExitCode}}").split()
        return None if running == "true" else int(status)

    def terminate(self) -> None:
        _run([self._engine, "kill", "--signal=TERM", self._name], "cannot send SIGTERM")

    def close(self) -> None:
        subprocess.run(
            [self._engine, "rm", "--force", self._name], capture_output=True, check=False
        )
        if self._namespace:
            self._namespace.shutdown()

    def log(self) -> str:
        done = subprocess.run(
            [self._engine, "logs", self._name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout.decode(errors="replace")

    def written(self) -> Sequence[str] | None:
        lines = _run([self._engine, "diff", self._name], "cannot compare").splitlines()
        return [line[2:] for line in lines if line[:1] in _DELETED_OR_MADE]

    def model_url(self, name: str) -> str | None:
        return f"/opt/ml/models/{name}/model" if self._model else None

    def _inspect(self, template: str) -> str:
        return _run([self._engine, "inspect", "--format", template, self._name], "it is gone")

    def _socket_inside(self) -> socket.socket:
        assert self._namespace  # noqa: S101 - for the type checker alone
        return self._namespace.submit(socket.socket).result()


def _enter(pid: int) -> None:
    """Move this thread into the process's network namespace, for the sockets that it makes."""
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot enter the container's network")


def _published(port: int, own: int) -> list[str]:
    return [f"--publish=127.0.0.1:{port}:{port}", f"--publish=127.0.0.1:{own}:8080"]


def _engine() -> str:
    for name in ("docker", "podman"):
        if shutil.which(name):
            done = subprocess.run([name, "info"], capture_output=True, check=False)
            if done.returncode == 0:
                return name
    raise NoEngineError("--image takes docker or podman, and neither works here")


def _run(command: list[str], otherwise: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise NoEngineError(f"{otherwise}: {lines[-1]}")
    return done.stdout.strip()
