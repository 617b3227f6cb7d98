"""`berth check`: the findings of every check for every stage."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from berth.context import AsJson, settings_of
from berth.exit_status import ExitStatus
from berth.screen import console, print_json, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from stacks.compatibility.checks import Check
    from stacks.compatibility.findings import Finding
    from stacks.compatibility.model_folder import ModelFolder
    from stacks.settings import Settings

    Found = Mapping[Check, Sequence[Finding]]

_MARKS = {"refusal": "✗", "warning": "!"}
_STYLES = {"refusal": "red", "warning": "yellow"}


def check(
    context: typer.Context,
    as_json: AsJson = False,
    *,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve",
            help="Also ask the package index whether each image's packages go together.",
        ),
    ] = False,
) -> None:
    """Check stages.toml and the models' folders, without the CDK and without AWS.

    Exit status 1 where a check refuses something. Warnings do not change the exit status.
    """
    from model.folder import members  # noqa: PLC0415
    from stacks.compatibility.checks import findings  # noqa: PLC0415
    from stacks.compatibility.model_folder import read_models  # noqa: PLC0415

    settings = settings_of(context)
    models = read_models(settings)
    found = findings(settings, models)
    for path in settings.model_paths:
        members(settings.folder_of(path))  # raises where a synth could not pack it
    if as_json:
        print_json(document(settings, found))
    else:
        report(settings, found, console())
    if any(_of(found, "refusal")):
        raise typer.Exit(ExitStatus.NO)
    if resolve:
        _resolve(settings, models)


def _resolve(settings: "Settings", models: "Mapping[str, ModelFolder]") -> None:
    from stacks.build_arguments import build_arguments  # noqa: PLC0415
    from stacks.compatibility.findings import IncompatibleError  # noqa: PLC0415
    from tools.image.resolve import clash  # noqa: PLC0415

    clashes = {
        path: clash(build_arguments(model.record, settings.container.cuda))
        for path, model in models.items()
    }
    if any(clashes.values()):
        raise IncompatibleError(
            "\n".join(
                f"{path}/requirements.txt: no image can be built from it: {says}"
                for path, says in clashes.items()
                if says
            )
        )


def report(settings: "Settings", found: "Found", screen: "Console") -> None:
    """Print the table, a row a check and a column a stage, and a line for each finding."""
    rows = [
        [title(check), *(_mark(several, stage) for stage in settings.stages)]
        for check, several in found.items()
    ]
    print_table(screen, ["check", *settings.stages], rows)
    for severity, mark in _MARKS.items():
        for line in _of(found, severity):
            screen.print(mark, end=" ", style=_STYLES[severity])
            screen.print(line, soft_wrap=True)
    if not _of(found, "refusal"):
        count = len(settings.stages)
        stages = "1 stage" if count == 1 else f"{count} stages"
        screen.print(f"{settings.file.name}: {stages}, nothing clashes")


def document(settings: "Settings", found: "Found") -> dict[str, Any]:
    """The findings as JSON has them."""
    return {
        "stages": list(settings.stages),
        "refused": bool(_of(found, "refusal")),
        "findings": [
            {"check": title(check), **vars(one)}
            for check, several in found.items()
            for one in several
        ],
    }


def title(check: "Check") -> str:
    """A check's name, in words."""
    return check.__name__.replace("_", " ")


def _of(found: "Found", severity: str) -> list[str]:
    from stacks.compatibility.checks import lines  # noqa: PLC0415

    return lines((one for several in found.values() for one in several), severity)


def _mark(found: "Sequence[Finding]", stage: str) -> str:
    severities = {finding.severity for finding in found if finding.stage == stage}
    return next((mark for severity, mark in _MARKS.items() if severity in severities), "✓")
