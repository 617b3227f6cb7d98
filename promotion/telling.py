"""What a person is told of a plan, and of how a promotion ended."""

import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from promotion import report as reported
from promotion.plan import PromotionPlan
from promotion.promote import End, Outcome
from promotion.screen import Screen
from promotion.stage import Stage
from promotion.store import ReleaseStore

REPORTS = Path("build/reports")


def tell_end(target: Stage, outcome: Outcome, asked: str, screen: Screen) -> None:
    """Say how it ended; exit status 1 where the target does not run what was asked for."""
    _report(target, outcome, screen)
    serves = outcome.release.id if outcome.release else "nothing that is known"
    match outcome.end:
        case End.DONE:
            print(f"{target.name} serves {serves}, which is {asked}, verified")
        case End.ALREADY:
            print(f"{target.name} serves {asked} already, as {serves}, verified")
        case End.WENT_BACK:
            print(f"{outcome.reason}", file=sys.stderr)
            print(f"{target.name} went back and serves {serves}, verified")
            raise typer.Exit(1)
        case End.FAILED:
            print(f"{outcome.reason}", file=sys.stderr)
            raise typer.Exit(1)


def _report(target: Stage, outcome: Outcome, screen: Screen) -> None:
    """Write the page and the summary of what was asked for."""
    release = outcome.failed or outcome.release
    if release is None or outcome.end is End.ALREADY:
        return
    former = ReleaseStore(target).before(release)
    is_back = release.lineage is not None and release.lineage.stage == target.name
    if outcome.end is End.FAILED:
        ended = reported.Outcome("failed", outcome.reason or "")
    elif outcome.end is End.WENT_BACK or is_back:
        ended = reported.Outcome("rolled back", outcome.reason or "as it was asked for")
    else:
        ended = reported.Outcome("promoted", "")
    facts = reported.ReportFacts(release, former, tuple(screen.moved), ended)
    for path in reported.write(REPORTS, facts):
        screen.say(f"report: {path}")


def print_plan(made: PromotionPlan, target: str) -> None:
    """Print what would happen."""
    screen = console()
    screen.print(f"{made.release.id} to {target}", markup=False, style="bold")
    screen.print(f"  evidence: {made.stopped or 'passed'}", markup=False, soft_wrap=True)
    for each, planned in made.loads:
        screen.print(
            f"  {each.kind} {each.name}: {planned.missing:,} of {planned.size:,} bytes to copy",
            markup=False,
            soft_wrap=True,
        )
    for line in made.changes.lines:
        screen.print(Text(f"  {line}"), soft_wrap=True)


def console() -> Console:
    """The screen, or a pipe."""
    return Console(highlight=False, stderr=False)
