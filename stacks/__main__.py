"""`python -m stacks check`: is what stages.toml asks for possible? No CDK, no AWS needed."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from stacks.check_report import report
from stacks.compatibility import IncompatibleError
from stacks.settings import SettingsError, load


def main() -> int:
    """Run a subcommand; 2 with one line a mistake where stages.toml or the model has one."""
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _add_check(commands)
    arguments = parser.parse_args()
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (SettingsError, IncompatibleError) as mistake:
        print(mistake, file=sys.stderr)
        return 2


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("check", help="check stages.toml and the models' folders")
    command.set_defaults(run=_check)


def _check(_: argparse.Namespace) -> int:
    return report(load(Path("stages.toml")), Console())


if __name__ == "__main__":
    sys.exit(main())
