"""`python -m stacks`: is what stages.toml asks for possible, and what would deploying it do?"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from stacks.check_report import report
from stacks.compatibility import IncompatibleError
from stacks.plan.command import PlanError, plan_stage
from stacks.settings import SettingsError, load


def main() -> int:
    """Run a subcommand; 2 with one line a mistake where stages.toml or the model has one."""
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _add_check(commands)
    _add_plan(commands)
    arguments = parser.parse_args()
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (SettingsError, IncompatibleError, PlanError) as mistake:
        print(mistake, file=sys.stderr)
        return 2


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "check", help="check stages.toml and the models' folders; no CDK, no AWS"
    )
    command.set_defaults(run=_check)


def _check(_: argparse.Namespace) -> int:
    return report(load(Path("stages.toml")), Console())


def _add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("plan", help="say what `cdk deploy` of a stage would do")
    command.add_argument("stage", help="a stage of stages.toml")
    command.add_argument(
        "--assembly", type=Path, help="a cloud assembly (cdk.out) to read instead of synthesizing"
    )
    command.add_argument(
        "--against",
        type=Path,
        help="a cloud assembly, or a folder of <stack>.template.json, to compare with instead of "
        "what is deployed",
    )
    command.set_defaults(run=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    return plan_stage(arguments.stage, assembly=arguments.assembly, against=arguments.against)


if __name__ == "__main__":
    sys.exit(main())
