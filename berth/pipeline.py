"""The commands that a pipeline's workflows are made of."""

import typer

from berth.context import StageName, settings_of

SECTION = "Pipelines"


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=SECTION)(roles)


def roles(context: typer.Context, stage: StageName) -> None:
    """Print the roles that the job of STAGE takes on, as outputs of a GitHub workflow's step."""
    from stacks.job_roles import outputs  # noqa: PLC0415

    settings = settings_of(context)
    settings.stage(stage)
    for name, value in outputs(settings, stage).items():
        print(f"{name}={value}")
