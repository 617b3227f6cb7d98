"""The commands that bring a release to a stage: `plan`, `run`, `rollback`, `model`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from promotion import PromotionError
from promotion import report as reported
from promotion.gate import check_order
from promotion.plan import PromotionPlan
from promotion.plan import plan as plan_promotion
from promotion.promote import End, Outcome, Promotion
from promotion.release import Release
from promotion.screen import Screen
from promotion.stage import STAGES, Stage, in_one_line
from promotion.store import ReleaseStore
from promotion.trained import bring_model
from promotion.verifying.command import on_screen, verify_stage
from stacks.settings import load

REPORTS = Path("build/reports")

_Source = Annotated[str, typer.Option("--from", metavar="STAGE", help="where it was tested")]
_Target = Annotated[str, typer.Option("--to", metavar="STAGE", help="the stage after that")]
_SourceProfile = Annotated[
    str | None, typer.Option(help="an AWS profile of --from's account; else <project>-<stage>")
]
_TargetProfile = Annotated[
    str | None, typer.Option(help="an AWS profile of --to's account; else <project>-<stage>")
]
_Release = Annotated[
    str | None, typer.Option("--release", help="one of --from; else the one that it serves")
]
_Force = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="without evidence that it passed; is recorded"),
]
_Break = Annotated[
    str | None, typer.Option(metavar="REASON", help="take the lock of the one who holds it")
]


def plan(
    *,
    source: _Source,
    target: _Target,
    release: _Release = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Say what `run` would copy, create and replace, and what evidence there is; touch nothing."""
    before, after = _stages(source, target, profile_from, profile_to)
    _print_plan(plan_promotion(before, after, _chosen(before, release)), target)


def run(
    *,
    source: _Source,
    target: _Target,
    release: _Release = None,
    force: _Force = None,
    break_lock: _Break = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Bring a release to the next stage: its bytes, its assembly, its evidence; or go back."""
    _given("--force", force)
    _given("--break-lock", break_lock)
    before, after = _stages(source, target, profile_from, profile_to)
    chosen = _chosen(before, release)
    screen = Screen(_console())
    promotion = Promotion(after, _verify, screen, break_lock)
    _end(after, promotion.promote(before, chosen, forced=force), chosen.id, screen)


def rollback(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="a stage of stages.toml")],
    to: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="else the one before the served one")
    ] = None,
    break_lock: _Break = None,
    profile: Annotated[
        str | None, typer.Option(help="an AWS profile of the stage's account")
    ] = None,
) -> None:
    """Deploy a former release of STAGE again and verify it; nothing is built."""
    _given("--break-lock", break_lock)
    target = Stage(stage, profile=profile)
    store = ReleaseStore(target)
    chosen = store.read(to) if to else _before_the_served(target, store)
    screen = Screen(_console())
    promotion = Promotion(target, _verify, screen, break_lock)
    _end(target, promotion.roll_back(chosen), chosen.id, screen)


def _verify(stage: Stage, release: Release) -> Release:
    with on_screen() as on_step:
        return verify_stage(stage, release, on_step)[0]


def model(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="a SageMaker model, or a model package")
    ],
    *,
    source: _Source,
    target: _Target,
    break_lock: _Break = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Bring a model that a training job made to --to, under the image that runs there."""
    _given("--break-lock", break_lock)
    before, after = _stages(source, target, profile_from, profile_to)
    running = _chosen(after, None)
    screen = Screen(_console())
    promotion = Promotion(after, _verify, screen, break_lock)
    _end(after, bring_model(promotion, before, name, running), name, screen)


def _given(option: str, reason: str | None) -> None:
    if reason is not None and not reason.strip():
        raise PromotionError(f"{option}: takes a reason, which is recorded")


def _stages(
    source: str, target: str, profile_from: str | None, profile_to: str | None
) -> tuple[Stage, Stage]:
    check_order(load(STAGES), source, target)
    return Stage(source, profile=profile_from), Stage(target, profile=profile_to)


def _chosen(source: Stage, release: str | None) -> Release:
    store = ReleaseStore(source)
    if release is not None:
        return store.read(release)
    with in_one_line():
        served = source.served_config()
    for each in store.every():
        if each.endpoint_config == served:
            return each
    raise PromotionError(
        f"{source.name}: no release of what it serves: python -m promotion record {source.name}"
    )


def _before_the_served(target: Stage, store: ReleaseStore) -> Release:
    """The newest release older than the served one that has not failed, nor is the same."""
    with in_one_line():
        served = target.served_config()
    releases = store.every()
    serving = next((one for one in releases if one.endpoint_config == served), None)
    since = serving
    while since and since.lineage and since.lineage.stage == target.name:
        # It was gone back to by itself: what it was before counts.
        since = store.read(str(since.lineage.release))
    for each in releases:
        if (since is None or each.id < since.id) and not each.has_failed:
            return each
    shown = serving.id if serving else "what is served"
    raise PromotionError(f"{target.name}: no release before {shown} that did not fail")


def _end(target: Stage, outcome: Outcome, asked: str, screen: Screen) -> None:
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


def _print_plan(made: PromotionPlan, target: str) -> None:
    console = _console()
    console.print(f"{made.release.id} to {target}", markup=False, style="bold")
    console.print(f"  evidence: {made.stopped or 'passed'}", markup=False, soft_wrap=True)
    for each, planned in made.loads:
        console.print(
            f"  {each.kind} {each.name}: {planned.missing:,} of {planned.size:,} bytes to copy",
            markup=False,
            soft_wrap=True,
        )
    for line in made.changes.lines:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False, stderr=False)
