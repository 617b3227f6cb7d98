"""The program `berth`, as a user calls it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from berth.program import main

ROOT = Path(__file__).parents[1]
PROGRAM = str(ROOT / "tools" / "berth")


def program(folder: Path) -> str:
    """A clone's own program where that has one, else this checkout's."""
    own = folder / "tools" / "berth"
    return str(own) if own.exists() else PROGRAM


def run(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, in a process of its own."""
    return subprocess.run(
        [program(folder), *arguments],
        cwd=folder,
        env=environment if environment is not None else os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def status_of(*arguments: str) -> int:
    """Call it in this process, and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)
