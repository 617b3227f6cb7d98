"""The plan of a deployment: what would change in what is deployed."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from berth.context import ROOT, AsJson, Profile, StageName, settings_of, stage_of
from berth.exit_status import ExitStatus
from berth.protection import unprotected
from berth.screen import console, print_json
from berth.synthesis import synthesized

if TYPE_CHECKING:
    from stacks.deployment_plan.compare import Template
    from stacks.deployment_plan.report import DeploymentPlan, Line

_STYLES = {"": "", "! ": "yellow", "✗ ": "bold red"}


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
    as_json: AsJson = False,
) -> None:
    """Say what `cdk deploy` of STAGE would create, update, replace and delete.

    Where `gh` has a token, it says what of the rules of GitHub's environment does not hold.

    Exit status 1 where it would delete data and stages.toml does not allow that.
    """
    from aws import assembly as assemblies  # noqa: PLC0415
    from aws.cloudformation import as_kept, template  # noqa: PLC0415
    from stacks.deployment_plan.data import StackTemplates  # noqa: PLC0415
    from stacks.deployment_plan.report import plan as planned  # noqa: PLC0415
    from stacks.deployment_plan.resource_types import ResourceTypes  # noqa: PLC0415

    of = settings_of(context).stage(stage)
    with synthesized(settings_of(context), assembly) as folder:
        after = assemblies.read(folder, stage, of.account, of.region).templates
    before: Mapping[str, Template | None]
    if against is not None:
        before = assemblies.stored_templates(against, stage, list(after))
    else:
        client = stage_of(context, stage, profile).cloudformation
        before = {name: template(client, name) for name in after}
    pairs = [
        StackTemplates(name, as_kept(before.get(name)), as_kept(each))
        for name, each in after.items()
    ]
    may_delete_data = of.data.may_be_deleted
    made = planned(stage, pairs, ResourceTypes.read(ROOT), may_delete_data=may_delete_data)
    if as_json:
        print_json(_document(stage, made))
    else:
        _print(made)
    if against is None:
        for line in unprotected(settings_of(context), stage):
            print(line, file=sys.stderr)
    if made.refused:
        raise typer.Exit(ExitStatus.NO)


def _print(made: "DeploymentPlan") -> None:
    screen = console()
    for line in made.lines:
        style = _STYLES[line.tone.value] or ("" if line.depth else "bold")
        screen.print(str(line), style=style, markup=False, soft_wrap=True)


def _document(stage: str, made: "DeploymentPlan") -> dict[str, object]:
    def row(line: "Line") -> dict[str, object]:
        return {"text": line.text, "depth": line.depth, "tone": line.tone.name.lower()}

    return {"stage": stage, "refused": made.refused, "lines": [row(line) for line in made.lines]}
