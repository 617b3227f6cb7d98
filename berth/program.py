"""The program: its options, its commands, and how it ends where one of them fails."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from berth import (
    check,
    contract,
    errors,
    local,
    model,
    plan,
    promotion,
    protection,
    releases,
    screen,
    serving,
    snapshots,
    workflows,
)
from berth.context import StagesFile
from berth.help_text import Program

# Plain help and errors: what a script's log shows is what the terminal does.
app = typer.Typer(
    cls=Program,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _print_version(asked: bool) -> None:
    if asked:
        from stacks.version import VERSION  # noqa: PLC0415

        print(f"berth {VERSION}")
        raise typer.Exit


@app.callback()
def berth(
    context: typer.Context,
    stages: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The stages.toml of the project. Relative paths in it start at its folder, where"
            " build/, cdk.out/ and snapshots/ lie, too.",
        ),
    ] = Path("stages.toml"),
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print Berth's version."
        ),
    ] = False,
) -> None:
    """Take a trained model to guarded SageMaker endpoints in every stage of stages.toml.

    The CDK CLI synthesizes, compares, deploys and destroys the stages: cdk deploy 'dev/*'.
    """
    context.obj = StagesFile(stages)


def _add(section: str, *commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(rich_help_panel=section)(command)


# In the order in which the help lists them.
_add("Stages", check.check, plan.plan, snapshots.snapshots)
_add("Models", model.model, model.pack, model.push)
_add(serving.SECTION, serving.serve, serving.image)
contract.add(app)
local.add(app)
_add("Releases and promotion", *releases.COMMANDS, *promotion.COMMANDS)
_add("Pipelines", workflows.roles, workflows.workflows, protection.protect)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; its failure is one line on standard error and the status of its exception."""
    screen.accept_every_encoding()
    try:
        app(args=arguments, prog_name="berth")
    except SystemExit:
        raise
    except errors.expected() as error:
        print(errors.message(error), file=sys.stderr)
        sys.exit(errors.status_of(error))
    sys.exit()
