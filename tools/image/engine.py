"""The container engine of this machine: docker or podman."""

import json
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PODMANS_OPEN_FILES = 1_048_576


class ImageError(Exception):
    """An image cannot be built or used; the text is one line that says why."""


@dataclass(frozen=True)
class Engine:
    """A docker or podman that works here, by its path; it may be podman under docker's name."""

    program: str
    is_podman: bool

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine; the caller checks its status."""
        return subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, check=False
        )

    def ask(self, *arguments: str) -> str:
        """The output of a command. Raises ImageError with its last line where it fails."""
        done = self.run(*arguments)
        if done.returncode:
            raise ImageError(f"{self.program} {arguments[0]}: {last_line(done.stderr)}")
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether the image is in this engine's own store."""
        return self.run("image", "inspect", image).returncode == 0

    def inspect(self, image: str) -> dict[str, Any]:
        """The description of an image. Raises ImageError where there is none."""
        found: dict[str, Any] = json.loads(self.ask("image", "inspect", image))[0]
        return found


def last_line(text: str) -> str:
    """The last line that is not empty, in which a program says why it ended."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"


def find() -> Engine:
    """The engine to use. Raises ImageError where neither works."""
    silent = []
    for name in ("docker", "podman"):
        program = shutil.which(name)
        if program is None:
            continue
        # docker's client may be installed without its daemon.
        if subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0:
            version = subprocess.run([program, "--version"], capture_output=True, check=False)
            engine = Engine(program, is_podman=b"podman" in version.stdout.lower())
            if engine.is_podman:
                _lower_limits()
            return engine
        silent.append(f"`{name} info` fails")
    found = ", ".join(silent) or "there is neither"
    raise ImageError(f"no container engine: start docker or install podman (here: {found})")


def _lower_limits() -> None:
    """Let podman ask for no more open files than are allowed, unless the user has set a conf."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if os.geteuid() == 0 and most < _PODMANS_OPEN_FILES:
        os.environ.setdefault("CONTAINERS_CONF", str(Path(__file__).with_name("containers.conf")))
