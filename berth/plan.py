"""`berth plan STAGE`: synthesize the stage, read what is deployed, print what would change."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from berth.context import ROOT, StageName, check_stage, settings_of
from berth.errors import ProgramError
from berth.exit_status import ExitStatus
from berth.screen import console, print_json

if TYPE_CHECKING:
    from stacks.plan.assembly import Stack
    from stacks.plan.compare import Template
    from stacks.plan.report import Line, Plan
    from stacks.settings import Settings

SECTION = "Stages"
_STYLES = {"": "", "! ": "yellow", "✗ ": "bold red"}


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=SECTION)(plan)


def plan(
    context: typer.Context,
    stage: StageName,
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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON in place of the text.")
    ] = False,
) -> None:
    """Say what `cdk deploy` of STAGE would create, update, replace and delete.

    Exit status 1 where it would delete data and stages.toml does not allow that.
    """
    settings = settings_of(context)
    check_stage(settings, stage)
    made = _made(settings, stage, assembly, against)
    if as_json:
        print_json(_document(stage, made))
    else:
        _print(made)
    if made.refused:
        raise typer.Exit(ExitStatus.NO)


def _made(settings: "Settings", stage: str, assembly: Path | None, against: Path | None) -> "Plan":
    from stacks.plan.assembly import stage_stacks  # noqa: PLC0415
    from stacks.plan.report import StackTemplates  # noqa: PLC0415
    from stacks.plan.report import plan as planned  # noqa: PLC0415
    from stacks.plan.resource_types import ResourceTypes  # noqa: PLC0415

    with _assembly(settings, assembly, stage) as folder:
        stacks = stage_stacks(folder, stage)
    before = _before(stage, stacks, against)
    pairs = [StackTemplates(each.name, before.get(each.name), each.template) for each in stacks]
    may_delete_data = settings.stages[stage].data.may_be_deleted
    return planned(stage, pairs, ResourceTypes.read(ROOT), may_delete_data=may_delete_data)


@contextmanager
def _assembly(settings: "Settings", given: Path | None, stage: str) -> Iterator[Path]:
    """The given cloud assembly, or one of this stage alone for the length of the block."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as folder:
        # The checkout's own CLI: another one on PATH may not read this library's assemblies.
        program = [str(ROOT / "tools" / "cdk"), "synth", "--quiet", "--output", folder]
        program += ["--app", f"python {shlex.quote(str(ROOT / 'app.py'))}"]
        chosen = {"stages": str(settings.file), "stage": stage}
        for key, value in chosen.items():
            program += ["--context", f"{key}={value}"]
        _output([*program, f"{stage}/*"])
        yield Path(folder)


def _before(
    stage: str, stacks: "list[Stack]", against: Path | None
) -> "dict[str, Template | None]":
    from stacks.plan.assembly import given_back, stored_templates  # noqa: PLC0415

    names = [stack.name for stack in stacks]
    if against is not None:
        return dict(stored_templates(against, stage, names))
    where = ["--account", stacks[0].account, "--region", stacks[0].region]
    printed = _output([sys.executable, "-P", "-m", "tools.deployed", *where, *names])
    return dict(given_back(json.loads(printed)))


def _output(program: list[str]) -> str:
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ProgramError(ended.stderr.strip())
    return ended.stdout


def _print(made: "Plan") -> None:
    screen = console()
    for line in made.lines:
        style = _STYLES[line.tone.value] or ("" if line.depth else "bold")
        screen.print(str(line), style=style, markup=False, soft_wrap=True)


def _document(stage: str, made: "Plan") -> dict[str, object]:
    def row(line: "Line") -> dict[str, object]:
        return {"text": line.text, "depth": line.depth, "tone": line.tone.name.lower()}

    return {"stage": stage, "refused": made.refused, "lines": [row(line) for line in made.lines]}
