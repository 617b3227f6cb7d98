"""The console output of demo and rehearsal, and the programs that they run."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from localaws.home import LocalAwsError

SCREEN = Console(highlight=False)


def say(step: str, text: str) -> None:
    """A heading."""
    SCREEN.print(f"\n[bold cyan]{step}[/] [bold]{text}[/]")


def run(
    command: Sequence[str],
    failure: str,
    *,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    status: int = 0,
) -> None:
    """Run a program, with its output on the screen, in a folder (this process's by default).

    Raises LocalAwsError where it ends with another status than `status`.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment or {**os.environ},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != status:
        raise LocalAwsError(f"{failure} (exit status {done.returncode})")
