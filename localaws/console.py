"""The console output of demo and rehearsal, and the programs that they run."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from localaws.home import LocalAwsError

SCREEN = Console(highlight=False)


@contextmanager
def played() -> Iterator[None]:
    """A block that starts programs: a SIGTERM ends it as an exception does, and them with it."""
    # A plain SIGTERM would skip every `finally`, and leave running what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    begin = time.monotonic()
    yield
    SCREEN.print(f"\n[bold]Done in {time.monotonic() - begin:.0f} s; nothing is left running.[/]")


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
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != status:
        raise LocalAwsError(f"{failure} (exit status {done.returncode})")
