"""`python -m localaws`: AWS on this machine, to deploy to as to the real one."""

import argparse
import logging
import sys
from pathlib import Path

from rich.console import Console

from localaws import accounts, home, images, lifecycle
from localaws.bootstrap import bootstrap
from localaws.demo import demo
from localaws.isolation import isolate
from localaws.rehearsal.rehearse import rehearse
from stacks.settings import Settings, SettingsError, load

_SCREEN = Console(stderr=True, highlight=False)
_STAGES = "stages.toml"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0, or 2 after one line that says what is wrong.

    3 after that line where `serve` finds the state folder held by another emulator.
    """
    parser = argparse.ArgumentParser(prog="python -m localaws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="deploy the first stage to one of its own, predict, end it")
    commands.add_parser("rehearse", help="bring a release through three accounts, and back")
    commands.add_parser("up", help="start it in the background and bootstrap every stage's account")
    commands.add_parser("down", help="end it and every container it hosts")
    commands.add_parser("status", help="say whether it runs, and where")
    env = commands.add_parser("env", help='print a stage\'s environment: eval "$(... env dev)"')
    env.add_argument("stage")
    serve = commands.add_parser("serve", help="run it in the foreground")
    serve.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    parsed = parser.parse_args(arguments)
    try:
        match parsed.command:
            case "demo":
                # Beside one that `up` left running.
                demo(home.default_home() / "demo")
            case "rehearse":
                rehearse(home.default_home() / "rehearsal")
            case "up":
                _up(home.default_home())
            case "down":
                _down(home.default_home())
            case "status":
                return _status(home.default_home())
            case "env":
                print(_env(home.default_home(), parsed.stage))
            case _:
                _serve(home.default_home(), with_parent=parsed.with_parent)
    except home.HeldError as error:
        print(error, file=sys.stderr)
        return lifecycle.HELD_STATUS
    except (home.LocalAwsError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _settings() -> Settings:
    return load(accounts.CHECKOUT / _STAGES)


def _up(state: Path) -> None:
    settings = _settings()
    with _SCREEN.status("starting AWS on this machine"):
        emulator = lifecycle.start(state, settings)
    try:
        with _SCREEN.status(f"bootstrapping the accounts of {', '.join(settings.stages)}"):
            bootstrap(emulator, settings.stages)
    except BaseException:
        lifecycle.stop(state)
        raise
    _SCREEN.print(f"AWS on this machine: {emulator.url}, log {state / 'emulator.log'}")
    for name, stage in settings.stages.items():
        _SCREEN.print(f"  {name}: account {stage.account}, {stage.region}")
    engine = images.wanted_engine()
    if engine:
        _SCREEN.print(f"Images are built with {engine.program}, PyTorch for CPU in them.")
    else:
        _SCREEN.print("No container engine: images are not built; endpoints run container/ itself.")
    _SCREEN.print("Then, as on AWS:")
    first = next(iter(settings.stages))
    _SCREEN.print(f'  eval "$(python -m localaws env {first})"', markup=False)
    _SCREEN.print(f"  cdk deploy '{first}/*'", markup=False)
    _SCREEN.print("End it with: make local-down")


def _down(state: Path) -> None:
    with _SCREEN.status("ending AWS on this machine"):
        stopped = lifecycle.stop(state)
    _SCREEN.print("AWS on this machine has ended." if stopped else "It was not running.")


def _status(state: Path) -> int:
    port = home.healthy_port(state)
    if port is None:
        _SCREEN.print("not running")
        return 1
    _SCREEN.print(f"running: http://{home.HOST}:{port}, process {home.process_id(state)}")
    return 0


def _env(state: Path, stage: str) -> str:
    settings = _settings()
    if stage not in settings.stages:
        known = ", ".join(settings.stages)
        raise home.LocalAwsError(f"{_STAGES}: no stage {stage!r}; there are {known}")
    port = home.healthy_port(state)
    if port is None:
        raise home.LocalAwsError("AWS on this machine is not running; start it: make local")
    return accounts.shell_lines(state, settings, stage, port)


def _serve(state: Path, *, with_parent: bool) -> None:
    with home.held(state) as hold:
        isolate(state, hold.port)
        logging.basicConfig(
            filename=state / "emulator.log",
            format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
            level=logging.INFO,
        )
        # MiniStack reads its environment when it is imported, and no other command needs it.
        from localaws.emulator import serve  # noqa: PLC0415

        serve(hold, until_stdin_closes=with_parent)


if __name__ == "__main__":
    sys.exit(main())
