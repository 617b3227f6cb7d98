"""The program: its options, its commands, and how it ends where one of them fails."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from berth import (
    check,
    contract,
    errors,
    local,
    model,
    pipeline,
    plan,
    promotion,
    screen,
    serving,
)
from berth.context import ROOT, StagesFile
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
        print(f"berth {version()}")
        raise typer.Exit


def version() -> str:
    """Berth's version, which pyproject.toml has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


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


for module in (check, plan, model, serving, contract, local, promotion, pipeline):
    module.add(app)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; its failure is one line on standard error and the status of its exception."""
    screen.accept_every_encoding()
    try:
        app(args=arguments, prog_name="berth")
    except SystemExit:
        raise
    except tuple(errors.statuses()) as error:
        print(errors.message(error), file=sys.stderr)
        sys.exit(errors.status_of(error))
    sys.exit()
