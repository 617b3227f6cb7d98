"""The commands of releases and promotion."""

import typer

SECTION = "Releases and promotion"


def add(app: typer.Typer) -> None:
    """Add the commands, each in this module's section of the help.

    `app.command(rich_help_panel=SECTION)(function)` adds one.
    """
