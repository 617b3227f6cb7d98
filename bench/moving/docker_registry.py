"""Debian's docker-registry, on this machine."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from bench.environments import SetupError

_START_SECONDS = 30


class Registry:
    """A docker-registry on a free port, with its images in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.stored = folder / "docker"
        config = folder / "config.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder}}}}}\n"
            f"http: {{addr: '{self.address}'}}\n"
        )
        command = ["docker-registry", "serve", str(config)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                urllib3.request("GET", f"{self.url}/v2/", retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)  # it says nowhere that it listens
            else:
                return
        raise SetupError(f"docker-registry does not start at {self.address}")


@contextmanager
def docker_registry(folder: Path) -> Iterator[Registry]:
    """One that runs as long as the block; SetupError where it does not start."""
    registry = Registry(folder)
    try:
        registry.wait()
        yield registry
    finally:
        registry.process.terminate()
        registry.process.wait()
