"""What a person sees of a promotion, and a pipe's reader."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from promotion.cargo import Load
from promotion.report import Movement


class Screen:
    """Lines, and bars with rates where there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.moved: list[Movement] = []

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, soft_wrap=True)

    def move(self, loads: Sequence[Load], *, before_each: Callable[[], None]) -> None:
        """Move things one after the other, and say what became of each."""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        for load in loads:
            before_each()
            shown, begin = f"{load.kind} {load.name[:24]}", time.monotonic()
            with Progress(
                *columns,
                console=self._console,
                transient=True,
                disable=not self._console.is_terminal,
            ) as progress:
                task = progress.add_task(shown, total=load.plan().size)
                moved = load.move(lambda count, task=task: progress.advance(task, count))  # type: ignore[misc]
            seconds = time.monotonic() - begin
            self.moved.append(Movement(load.name, load.kind, load.digest, moved, seconds))
            there = moved.size - moved.sent - moved.copied
            self.say(
                f"{load.kind} {load.name}: sha256 {load.digest[:12]}, {moved.size:,} bytes:"
                f" {moved.sent:,} sent, {moved.copied:,} copied in S3 or ECR, {there:,} there"
            )
