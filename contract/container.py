"""The interfaces of a container and of its launcher, for images and processes."""

import os
import random
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import psutil

from contract.client import Client

MODEL_NAMES = [f"contract-{number}" for number in range(8)]
_OWN_PORT = 8080


class Setup(StrEnum):
    """The kind of endpoint that the container is started for."""

    SERVER = "server"
    BATCH = "batch"
    MULTI_MODEL = "multi-model"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """How to start a container.

    Attributes:
        argument: the argument after the image's name.
        environment: the variables that SageMaker sets besides the port.
        many_models: mount the model once for each of `MODEL_NAMES` instead of as the one model.
    """

    argument: str = "serve"
    environment: Mapping[str, str] = field(default_factory=dict)
    many_models: bool = False


STARTS = {
    Setup.SERVER: StartOptions(),
    Setup.MULTI_MODEL: StartOptions(
        environment={"SAGEMAKER_MULTI_MODEL": "true"}, many_models=True
    ),
    Setup.BATCH: StartOptions(
        environment={
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
            "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        }
    ),
}


class RunningContainer(Protocol):
    """A container that was started.

    Attributes:
        client: the client of the port in SAGEMAKER_BIND_TO_PORT.
        default: the client of port 8080, if that is free: a container may ignore the variable.
    """

    client: Client
    default: Client | None

    def pid(self) -> int | None:
        """Return the main process's id, where this machine can see it."""

    def ended(self) -> int | None:
        """Return the exit status, or None while it runs."""

    def terminate(self) -> None:
        """Send SIGTERM to the main process, as SageMaker does."""

    def close(self) -> None:
        """Kill all its processes."""

    def log(self) -> str:
        """Return its stdout and stderr."""

    def written(self) -> Sequence[str] | None:
        """Return the files that it has changed outside of mounts, if they are known."""

    def model_url(self, name: str) -> str | None:
        """Return the URL from which to load a model under that name."""


class Launcher(Protocol):
    """Starts the container to be certified, as often as needed; `labels` are the image's."""

    labels: Mapping[str, str]

    def start(self, how: StartOptions) -> RunningContainer:
        """Start the container without waiting for it."""


def environment(port: int, how: StartOptions) -> dict[str, str]:
    """Make the environment that SageMaker sets."""
    return {
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_SAFE_PORT_RANGE": f"{port + 1}-{port + 10}",
        **how.environment,
    }


def free_port() -> int:
    """Find a free port of the loopback interface, below 32767 as multi-model-server demands."""
    while True:
        port = random.randint(10_000, 30_000)  # noqa: S311 - nothing is secret about it
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def default_port_is_free() -> bool:
    """Whether no process listens on 8080 yet, so that one that does later is the container."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", _OWN_PORT)) != 0


def processes(pid: int) -> list[psutil.Process]:
    """List a process, its descendants and the other processes of its session.

    The latter are orphans, which in a container would be children of the main process.
    """
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        orphans = [psutil.Process(other) for other in psutil.pids() if _session(other) == pid]
        found = {child for child in orphans for child in (child, *child.children(recursive=True))}
        found |= set(root.children(recursive=True))
        return [root, *(child for child in found - {root} if _lives(child))]
    return []


def _session(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def memory(pid: int) -> int:
    """Return the bytes of memory of a process and its descendants; shared pages count once."""
    return sum(memory_of(process) for process in processes(pid))


def memory_of(process: psutil.Process) -> int:
    """Return the memory of a process in bytes; 0 if it has ended."""
    with suppress(psutil.Error):
        try:
            return int(process.memory_full_info().pss)
        except (psutil.AccessDenied, AttributeError):  # of another user, or not on Linux
            return int(process.memory_info().rss)
    return 0


def until(seconds: float, every: float = 0.02) -> Iterator[float]:
    """Yield the seconds that have passed, every so often, until the time is over."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(every)
