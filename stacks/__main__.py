"""`python -m stacks`: what stages.toml asks for, before it is deployed."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from stacks.check_report import report
from stacks.compatibility import IncompatibleError
from stacks.deployment_plan.command import PlanError, plan_stage
from stacks.job_roles import outputs
from stacks.settings import SettingsError, load


def main() -> int:
    """Run a subcommand; 2 with one line a mistake where stages.toml or the model has one."""
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _add_check(commands)
    _add_plan(commands)
    _add_roles(commands)
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


def _add_roles(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "roles", help="print the roles that a stage's job takes on, as outputs of a workflow's step"
    )
    command.add_argument("stage", help="a stage of stages.toml")
    command.set_defaults(run=_roles)


def _roles(arguments: argparse.Namespace) -> int:
    for name, value in outputs(load(Path("stages.toml")), arguments.stage).items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
