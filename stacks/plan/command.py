"""`python -m stacks plan STAGE`: synthesize, read what is deployed, print the plan."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from stacks.plan.assembly import (
    AssemblyError,
    Stack,
    given_back,
    stage_stacks,
    stored_templates,
)
from stacks.plan.compare import Template
from stacks.plan.data import StackTemplates
from stacks.plan.report import Line, Plan, Tone, plan
from stacks.plan.resource_types import NoResourceTypesError, ResourceTypes
from stacks.settings import load

PROJECT = Path(__file__).parents[2]
_STYLES = {Tone.PLAIN: "", Tone.WARNING: "yellow", Tone.REFUSAL: "bold red"}


class PlanError(Exception):
    """No plan can be made; the text is one line, or the words of the program that failed."""


def plan_stage(stage: str, *, assembly: Path | None, against: Path | None) -> int:
    """Print the plan of a stage; 0, or 2 where it takes data and may not.

    `assembly` is a cloud assembly to read instead of synthesizing one, `against` a folder of
    templates to compare with instead of the deployed ones.

    Raises:
        PlanError: where the stage, its templates or what is deployed cannot be had.
        SettingsError: where stages.toml is wrong.
    """
    settings = load(Path("stages.toml"))
    if stage not in settings.stages:
        known = ", ".join(settings.stages)
        raise PlanError(f"stages.toml: no stage {stage}; there are {known}")
    try:
        with _assembly(assembly, stage) as folder:
            stacks = stage_stacks(folder, stage)
        before = _before(stage, stacks, against)
        types = ResourceTypes.read(PROJECT)
    except (AssemblyError, NoResourceTypesError) as error:
        raise PlanError(str(error)) from None
    pairs = [StackTemplates(each.name, before.get(each.name), each.template) for each in stacks]
    made = plan(stage, pairs, types, may_delete_data=settings.stages[stage].data.may_be_deleted)
    _print(made)
    return 2 if made.refused else 0


@contextmanager
def _assembly(given: Path | None, stage: str) -> Iterator[Path]:
    """The given cloud assembly, or one synthesized for the length of the block."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as folder:
        # The checkout's own CLI: another one on PATH may not read this library's assemblies.
        program = [str(PROJECT / "tools" / "cdk"), "synth", "--quiet", "--output", folder]
        _output([*program, f"{stage}/*"])
        yield Path(folder)


def _before(stage: str, stacks: list[Stack], against: Path | None) -> dict[str, Template | None]:
    names = [stack.name for stack in stacks]
    if against is not None:
        return dict(stored_templates(against, stage, names))
    where = ["--account", stacks[0].account, "--region", stacks[0].region]
    printed = _output([sys.executable, "-m", "tools.deployed", *where, *names])
    return dict(given_back(json.loads(printed)))


def _output(program: list[str]) -> str:
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise PlanError(ended.stderr.strip())
    return ended.stdout


def _print(made: Plan) -> None:
    console = Console(highlight=False)
    for line in made.lines:
        console.print(_text(line), soft_wrap=True)


def _text(line: Line) -> Text:
    return Text(str(line), style=_STYLES[line.tone] or ("" if line.depth else "bold"))
