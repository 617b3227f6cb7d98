"""`python -m promotion`: the releases of a stage, in the stage's own bucket."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from promotion import PromotionError, promotions, tables
from promotion.diff import differences
from promotion.gate import GateError
from promotion.permissions import policy as permissions_policy
from promotion.record import checkout
from promotion.record import record as record_release
from promotion.release import RELEASE_ID, Release, schema
from promotion.report import ReportFacts, write
from promotion.stage import Stage, in_one_line, settings_of
from promotion.store import ReleaseStore
from promotion.telling import REPORTS
from promotion.verifying.command import on_screen, served_release, verify_stage
from stacks.settings import SettingsError

# Plain help and errors: what a script's log shows is what the terminal does.
app = typer.Typer(
    help=__doc__,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

StageName = Annotated[str, typer.Argument(metavar="STAGE", help="a stage of stages.toml")]
Profile = Annotated[
    str | None, typer.Option(help="an AWS profile of the stage's account; else boto3's own chain")
]


@app.command()
def record(
    stage: StageName,
    assembly: Annotated[
        Path, typer.Option(help="the cloud assembly that the stage was deployed from")
    ] = Path("cdk.out"),
    profile: Profile = None,
) -> None:
    """Record what STAGE runs now; refused where ASSEMBLY is not what is deployed."""
    chosen = Stage(stage, profile=profile)
    release, is_new = record_release(chosen, assembly, source=checkout())
    print(f"{release.id}: recorded" if is_new else f"{release.id}: recorded already")


@app.command()
def history(stage: StageName, profile: Profile = None) -> None:
    """List the releases of STAGE, the newest first, and mark the served one."""
    chosen = Stage(stage, profile=profile)
    releases = ReleaseStore(chosen).every()
    if not releases:
        print(f"{stage}: no release yet; record one: python -m promotion record {stage}")
        return
    with in_one_line():
        served = chosen.served_config()
    _console().print(tables.history(releases, served))
    if served and served not in {each.endpoint_config for each in releases}:
        print(f"{chosen.endpoint_name} serves {served}, which no release has: record it")


@app.command()
def show(
    release: Annotated[str, typer.Argument(help="a release, or a stage for its newest")],
    profile: Profile = None,
) -> None:
    """Print the document of RELEASE."""
    _console().print_json(_find(release, profile).model_dump_json())


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="a release, or a stage for its newest")],
    b: Annotated[str, typer.Argument(help="another one, of this stage or of another")],
    profile_a: Profile = None,
    profile_b: Profile = None,
) -> None:
    """Say what tells B from A: source, model, image, settings, template, evidence."""
    before, after = _find(a, profile_a), _find(b, profile_b)
    found = differences(before, after)
    if not found:
        print(f"{before.id} and {after.id} do not differ")
        return
    _console().print(tables.diff(before, after, found))


@app.command()
def verify(stage: StageName, profile: Profile = None) -> None:
    """Gather evidence on the release that STAGE serves; exit status 1 where it does not pass."""
    chosen = Stage(stage, profile=profile)
    with on_screen() as on_step:
        release, found = verify_stage(chosen, served_release(chosen), on_step)
    _console().print(tables.checks(found))
    for path in write(REPORTS, ReportFacts(release, ReleaseStore(chosen).before(release))):
        print(f"report: {path}")
    print(f"{release.id}: {'passed' if found.passed else 'not passed'}")
    if not found.passed:
        raise typer.Exit(1)


@app.command()
def report(
    release: Annotated[str, typer.Argument(help="a release, or a stage for its newest")],
    folder: Annotated[Path, typer.Option(help="where to write")] = REPORTS,
    profile: Profile = None,
) -> None:
    """Write RELEASE, its evidence and what is new in it as an HTML page and as Markdown."""
    found = _find(release, profile)
    former = ReleaseStore(Stage(found.stage, profile=profile)).before(found)
    for path in write(folder, ReportFacts(found, former)):
        print(path)


@app.command(name="schema")
def print_schema() -> None:
    """Print the JSON schema of a release."""
    print(schema(), end="")


@app.command()
def policy(
    stage: StageName,
    side: Annotated[
        Literal["source", "target"], typer.Option(help="what STAGE is in the promotion")
    ],
) -> None:
    """Print the IAM policy of the role that promotes from STAGE, or to it. No AWS is asked."""
    every, chosen = settings_of(stage)
    document = permissions_policy(side, every.project, stage, chosen.account, chosen.region)
    print(json.dumps(document, indent=2))


app.command()(promotions.plan)
app.command()(promotions.run)
app.command()(promotions.rollback)
app.command()(promotions.model)


def _find(name: str, profile: str | None) -> Release:
    if re.fullmatch(RELEASE_ID, name):
        return ReleaseStore(Stage(name.partition("-")[0], profile=profile)).read(name)
    if not name.isalnum():
        raise PromotionError(f"{name}: neither a release, as dev-000001, nor a stage")
    newest = ReleaseStore(Stage(name, profile=profile)).newest()
    if newest is None:
        raise PromotionError(f"{name}: no release yet; record one: python -m promotion record")
    return newest


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a file or a pipe has no edge to wrap at
    return console


def main() -> None:
    """Run a command; exit status 2 after one line that says what is wrong."""
    try:
        app(prog_name="python -m promotion")
    except GateError as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
    except (PromotionError, SettingsError) as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
