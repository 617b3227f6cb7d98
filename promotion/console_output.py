"""The output of a promotion or verification: lines, and progress bars on a terminal."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from aws.text import printed
from promotion.artifacts import Artifact
from promotion.report import Movement
from promotion.verifying.load_probe import OnStep


class Screen:
    """Prints lines on a console, and progress bars where it is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.moved: list[Movement] = []

    def say(self, text: str) -> None:
        """Print a line, of which nothing is markup or steers the terminal."""
        self._console.print(printed(text), markup=False, soft_wrap=True)

    def copy(self, artifacts: Sequence[Artifact], *, before_each: Callable[[], None]) -> None:
        """Copy artifacts one after the other, with a line for each."""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        for artifact in artifacts:
            before_each()
            shown, begin = printed(f"{artifact.kind} {artifact.name[:24]}"), time.monotonic()
            with Progress(
                *columns,
                console=self._console,
                transient=True,
                disable=not self._console.is_terminal,
            ) as progress:
                task = progress.add_task(shown, total=artifact.plan().size)
                moved = artifact.move(lambda count, task=task: progress.advance(task, count))  # type: ignore[misc]
            seconds = time.monotonic() - begin
            self.moved.append(
                Movement(artifact.name, artifact.kind, artifact.digest, moved, seconds)
            )
            there = moved.size - moved.sent - moved.copied
            self.say(
                f"{artifact.kind} {artifact.name}: sha256 {artifact.digest[:12]},"
                f" {moved.size:,} bytes: {moved.sent:,} sent, {moved.copied:,} copied in S3,"
                f" {there:,} there"
            )


@contextmanager
def verification_bars(console: Console) -> Iterator[OnStep]:
    """A bar for each step of a verification, where the console is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def on_step(step: str, done: float, total: float) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)

        yield on_step
