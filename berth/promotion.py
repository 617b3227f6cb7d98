"""The commands that bring a release to a stage: promote, promote-model and rollback."""

from typing import TYPE_CHECKING, Annotated

import typer

from berth import screen
from berth.context import Profile, StageName, settings_of, stage_of, stages_file
from berth.errors import UsageError
from berth.exit_status import ExitStatus
from berth.releases import write_report

if TYPE_CHECKING:
    from aws.stage import Stage
    from promotion.console_output import Screen
    from promotion.plan import PromotionPlan
    from promotion.promote import Outcome, Promotion
    from promotion.release import Release

Source = Annotated[
    str, typer.Option("--from", metavar="STAGE", help="The stage where the release was tested.")
]
Target = Annotated[
    str, typer.Option("--to", metavar="STAGE", help="The stage after that in stages.toml.")
]
SourceProfile = Annotated[
    str | None,
    typer.Option(
        metavar="PROFILE",
        help="An AWS profile of the account of --from. Without it, the profile <project>-<stage> is"
        " used where there is one, else boto3's usual chain of credentials.",
    ),
]
TargetProfile = Annotated[
    str | None,
    typer.Option(metavar="PROFILE", help="The same for the account of --to."),
]
AllowBroadening = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Deploy what allows the stage more than it is allowed today, and more than the"
        " snapshots beside stages.toml. The reason is recorded.",
    ),
]
BreakLock = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Take the stage's lock from whoever holds it. The reason is recorded in the lock.",
    ),
]


def promote(
    context: typer.Context,
    *,
    source: Source,
    target: Target,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="A release of --from, as dev-000001. Without it, the one that --from serves.",
        ),
    ] = None,
    force: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Promote a release without evidence that it passed. The reason is recorded.",
        ),
    ] = None,
    allow_broadening: AllowBroadening = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            metavar="HEX",
            help="The SHA-256 of the release's document, as `berth show --sha256` prints it. Any"
            " other document is refused.",
        ),
    ] = None,
    break_lock: BreakLock = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say what would be copied, created and replaced, and what evidence there is.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what --dry-run finds as JSON.")
    ] = False,
    profile_from: SourceProfile = None,
    profile_to: TargetProfile = None,
) -> None:
    """Bring a release to the next stage: its bytes, its assembly and its evidence.

    Where the release does not pass there, the former release of that stage is deployed again.
    """
    from promotion import chosen  # noqa: PLC0415
    from promotion.plan import plan  # noqa: PLC0415

    _check_reason("--force", force)
    _check_reason("--allow-broadening", allow_broadening)
    _check_reason("--break-lock", break_lock)
    if as_json and not dry_run:
        raise UsageError("--json: only with --dry-run")
    before, after = _stages(context, source, target, profile_from, profile_to)
    keys = after.settings.releases.trusted_keys
    picked = chosen.for_promotion(before, release, keys=keys, sha256=sha256)
    if dry_run:
        _print_plan(plan(before, after, picked), target, as_json=as_json)
        return
    promotion, output = _promotion(after, break_lock, allow_broadening)
    outcome = promotion.promote(before, picked, forced=force)
    _end(context, after, outcome, picked.id, output)


def promote_model(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A SageMaker model, or an approved model package."),
    ],
    *,
    source: Source,
    target: Target,
    break_lock: BreakLock = None,
    profile_from: SourceProfile = None,
    profile_to: TargetProfile = None,
) -> None:
    """Bring a model that a training job made to a stage, under the image that runs there."""
    from promotion import chosen  # noqa: PLC0415
    from promotion.trained import bring_model  # noqa: PLC0415

    _check_reason("--break-lock", break_lock)
    before, after = _stages(context, source, target, profile_from, profile_to)
    running = chosen.for_promotion(after, None)
    promotion, output = _promotion(after, break_lock)
    outcome = bring_model(promotion, before, name, running)
    _end(context, after, outcome, name, output)


def rollback(
    context: typer.Context,
    stage: StageName,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="The release to deploy again. Without it, the newest one before the served one"
            " that has not failed.",
        ),
    ] = None,
    break_lock: BreakLock = None,
    profile: Profile = None,
) -> None:
    """Deploy a former release of a stage again and verify it. Nothing is built."""
    from promotion import chosen  # noqa: PLC0415

    _check_reason("--break-lock", break_lock)
    target = stage_of(context, stage, profile)
    picked = chosen.for_rollback(target, to)
    promotion, output = _promotion(target, break_lock)
    _end(context, target, promotion.roll_back(picked), picked.id, output)


def _check_reason(option: str, reason: str | None) -> None:
    if reason is not None and not reason.strip():
        raise UsageError(f"{option}: takes a reason, which is recorded")


def _stages(
    context: typer.Context,
    source: str,
    target: str,
    profile_from: str | None,
    profile_to: str | None,
) -> tuple["Stage", "Stage"]:
    from promotion.gate import check_order  # noqa: PLC0415

    check_order(settings_of(context), source, target)
    return stage_of(context, source, profile_from), stage_of(context, target, profile_to)


def _promotion(
    target: "Stage", breaking: str | None, allowed: str | None = None
) -> tuple["Promotion", "Screen"]:
    from promotion.console_output import Screen  # noqa: PLC0415
    from promotion.promote import Promotion  # noqa: PLC0415

    output = Screen(screen.console())
    return Promotion(target, _verified, output, breaking, allowed), output


def _verified(stage: "Stage", release: "Release") -> "Release":
    from promotion.console_output import verification_bars  # noqa: PLC0415
    from promotion.verifying.gather import verify_stage  # noqa: PLC0415

    with verification_bars(screen.console(stderr=True)) as on_step:
        return verify_stage(stage, release, on_step)[0]


def _print_plan(made: "PromotionPlan", target: str, *, as_json: bool) -> None:
    if as_json:
        screen.print_json(made.document(target))
        return
    output = screen.console()
    output.print(f"{made.release.id} to {target}", style="bold")
    for line in made.lines():
        output.print(f"  {line}", soft_wrap=True)


def _end(
    context: typer.Context, target: "Stage", outcome: "Outcome", asked: str, output: "Screen"
) -> None:
    """Say how it ended; exit status 1 where the target does not run what was asked for."""
    from promotion.promote import End, ending  # noqa: PLC0415

    reported, ended = outcome.failed or outcome.release, ending(outcome, target)
    if reported and ended:
        moved, reports = tuple(output.moved), stages_file(context).reports
        for path in write_report(reports, target, reported, moved, ended):
            output.say(f"report: {path}")
    if outcome.reason:
        screen.say(outcome.reason, stderr=True)
    serves = outcome.release.id if outcome.release else "no recorded release"
    match outcome.end:
        case End.DONE:
            screen.say(f"{target.name} serves {serves}, which is {asked}, verified")
        case End.ALREADY:
            screen.say(f"{target.name} serves {asked} already, as {serves}, verified")
        case End.ROLLED_BACK:
            screen.say(f"{target.name} was rolled back and serves {serves}, verified")
    if outcome.end not in {End.DONE, End.ALREADY}:
        raise typer.Exit(ExitStatus.NO)


COMMANDS = (promote, promote_model, rollback)
