"""`python -m stacks check`: every check for every stage as a table, then what was found."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from stacks.compatibility.checks import Check, findings, lines
from stacks.compatibility.findings import Finding
from stacks.compatibility.model_folder import read_models
from stacks.settings import Settings

_MARKS = {"refusal": "[red]✗[/]", "warning": "[yellow]![/]"}


def report(settings: Settings, console: Console) -> int:
    """Print the table and the findings; 2 where something is refused, else 0.

    Raises:
        IncompatibleError: where a model's folder cannot be read.
    """
    by_check = findings(settings, read_models(settings))
    table = Table("check", *settings.stages, header_style="bold", box=None)
    for check, found in by_check.items():
        table.add_row(title(check), *(_mark(found, stage) for stage in settings.stages))
    console.print(table)
    every = [finding for found in by_check.values() for finding in found]
    for severity, mark in _MARKS.items():
        for line in lines(every, severity):
            console.print(mark, end=" ")
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    refused = bool(lines(every, "refusal"))
    if not refused:
        console.print(f"{settings.file.name}: {len(settings.stages)} stages, nothing clashes")
    return 2 if refused else 0


def title(check: Check) -> str:
    """A check's name, in words."""
    return check.__name__.replace("_", " ")


def _mark(found: Sequence[Finding], stage: str) -> str:
    severities = {finding.severity for finding in found if finding.stage == stage}
    return next((mark for severity, mark in _MARKS.items() if severity in severities), "✓")
