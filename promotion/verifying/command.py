"""`verify`: evidence on what a stage serves, appended to its release."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from promotion import PromotionError
from promotion.evidence import Golden, Verification
from promotion.release import Release
from promotion.stage import Stage
from promotion.store import ReleaseStore
from promotion.verifying.asking import OnStep
from promotion.verifying.gather import gather


def verify_stage(stage: Stage, release: Release, on_step: OnStep) -> tuple[Release, Verification]:
    """Gather evidence on a release of a stage and store it; the release with it.

    Stopped before the end, nothing is stored.

    Raises PromotionError where the release cannot be verified, or AWS refuses a call.
    """
    store = ReleaseStore(stage)
    found = gather(stage, release, store.golden(release), _former(store, release), on_step)
    return store.add_evidence(release.id, found), found


def served_release(stage: Stage) -> Release:
    """The newest release that has the EndpointConfig that is served, or else the newest.

    Raises PromotionError where there is no release.
    """
    store = ReleaseStore(stage)
    found = store.served() or store.newest()
    if found is None:
        raise PromotionError(
            f"{stage.name}: no release yet; record one: python -m promotion record {stage.name}"
        )
    return found


@contextmanager
def on_screen() -> Iterator[OnStep]:
    """A bar for each step, where standard error is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def on_step(step: str, done: float, total: float) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)

        yield on_step


def _former(store: ReleaseStore, release: Release) -> Golden | None:
    """What the newest release before that passed on the same golden set made of it."""
    if release.golden is None:
        return None
    before = [name for name in store.ids() if name < release.id]
    for name in reversed(before):
        evidence = store.read(name).evidence
        golden = evidence[-1].golden if evidence and evidence[-1].passed else None
        if golden and golden.sha256 == release.golden:
            return golden
    return None
