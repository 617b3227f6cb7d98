"""`berth plan STAGE`: synthesize the stage, read what is deployed, print what would change."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berth.context import ROOT, Profile, StageName, settings_of
from berth.exit_status import ExitStatus
from berth.pipeline import unprotected
from berth.screen import console, print_json
from berth.synthesis import synthesized

if TYPE_CHECKING:
    from stacks.deployment_plan.compare import Template
    from stacks.deployment_plan.report import DeploymentPlan, Line
    from stacks.settings import Settings

SECTION = "Stages"
_STYLES = {"": "", "! ": "yellow", "✗ ": "bold red"}


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=SECTION)(plan)


def plan(
    context: typer.Context,
    stage: StageName,
    *,
    assembly: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A cloud assembly, as cdk.out, to read. By default the stage is synthesized.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A cloud assembly, or a folder of <stack>.template.json, to compare with. By"
            " default it is what is deployed.",
        ),
    ] = None,
    profile: Profile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON in place of the text.")
    ] = False,
) -> None:
    """Say what `cdk deploy` of STAGE would create, update, replace and delete.

    Where `gh` has a token, it says what of the rules of GitHub's environment does not hold.

    Exit status 1 where it would delete data and stages.toml does not allow that.
    """
    settings = settings_of(context)
    settings.stage(stage)
    with synthesized(settings, assembly) as folder:
        after = _templates(settings, folder, stage)
    before = _before(settings, stage, list(after), against, profile)
    made = _made(settings, stage, before, after)
    if as_json:
        print_json(_document(stage, made))
    else:
        _print(made)
    if against is None:
        for line in unprotected(settings, stage):
            print(line, file=sys.stderr)
    if made.refused:
        raise typer.Exit(ExitStatus.NO)


def _made(
    settings: "Settings",
    stage: str,
    before: "dict[str, Template | None]",
    after: "dict[str, Template]",
) -> "DeploymentPlan":
    from stacks.deployment_plan.data import StackTemplates  # noqa: PLC0415
    from stacks.deployment_plan.report import plan as planned  # noqa: PLC0415
    from stacks.deployment_plan.resource_types import ResourceTypes  # noqa: PLC0415

    pairs = [StackTemplates(name, before.get(name), each) for name, each in after.items()]
    may_delete_data = settings.stages[stage].data.may_be_deleted
    return planned(stage, pairs, ResourceTypes.read(ROOT), may_delete_data=may_delete_data)


def _templates(settings: "Settings", folder: Path, stage: str) -> "dict[str, Template]":
    from aws import assembly, cloudformation  # noqa: PLC0415

    chosen = settings.stages[stage]
    found = assembly.read(folder, stage, chosen.account, chosen.region).templates
    return {name: cloudformation.as_kept(each) for name, each in found.items()}


def _before(
    settings: "Settings", stage: str, names: list[str], against: Path | None, profile: str | None
) -> "dict[str, Template | None]":
    from aws import assembly, cloudformation  # noqa: PLC0415
    from aws.stage import Stage  # noqa: PLC0415

    if against is not None:
        found = dict[str, "Template | None"](assembly.stored_templates(against, stage, names))
    else:
        client = Stage(settings, stage, profile=profile).cloudformation
        found = {name: cloudformation.template(client, name) for name in names}
    return {name: cloudformation.as_kept(each) for name, each in found.items()}


def _print(made: "DeploymentPlan") -> None:
    screen = console()
    for line in made.lines:
        style = _STYLES[line.tone.value] or ("" if line.depth else "bold")
        screen.print(str(line), style=style, markup=False, soft_wrap=True)


def _document(stage: str, made: "DeploymentPlan") -> dict[str, object]:
    def row(line: "Line") -> dict[str, object]:
        return {"text": line.text, "depth": line.depth, "tone": line.tone.name.lower()}

    return {"stage": stage, "refused": made.refused, "lines": [row(line) for line in made.lines]}
