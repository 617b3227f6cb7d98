"""`berth local`: AWS on this machine, to deploy to as to the real one."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from berth.context import AsJson, StageName, settings_of
from berth.exit_status import ExitStatus
from berth.help_text import Group
from berth.screen import console, print_json, say

if TYPE_CHECKING:
    from pathlib import Path

SECTION = "AWS on this machine"


def add(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None)
    for command in (up, down, status, env, demo, rehearse, serve):
        group.command()(command)
    app.add_typer(
        group,
        name="local",
        rich_help_panel=SECTION,
        help="Start, use and end an AWS on this machine (localaws), which stages are deployed to as"
        " to the real one.",
    )


def up(context: typer.Context) -> None:
    """Start the local AWS in the background and bootstrap the account of every stage."""
    from localaws import images, lifecycle  # noqa: PLC0415
    from localaws.bootstrap import bootstrap  # noqa: PLC0415

    settings, state, screen = settings_of(context), _home(), console(stderr=True)
    with screen.status("starting AWS on this machine"):
        emulator = lifecycle.start(state, settings)
    try:
        with screen.status(f"bootstrapping the accounts of {', '.join(settings.stages)}"):
            bootstrap(emulator, settings.stages)
    except BaseException:
        lifecycle.stop(state)
        raise
    engine = images.wanted_engine()
    first = next(iter(settings.stages))
    for line in (
        f"AWS on this machine: {emulator.url}, log {state / 'emulator.log'}",
        *(
            f"  {name}: account {stage.account}, {stage.region}"
            for name, stage in settings.stages.items()
        ),
        f"Images are built with {engine.program}, PyTorch for CPU in them."
        if engine
        else "No container engine: images are not built; endpoints run container/ itself.",
        "Then, as on AWS:",
        f'  eval "$(berth local env {first})"',
        f"  cdk deploy '{first}/*'",
        "End it with: berth local down",
    ):
        screen.print(line, soft_wrap=True)


def down() -> None:
    """End the local AWS and every container that it runs."""
    from localaws import lifecycle  # noqa: PLC0415

    screen = console(stderr=True)
    with screen.status("ending AWS on this machine"):
        stopped = lifecycle.stop(_home())
    screen.print("AWS on this machine has ended." if stopped else "It was not running.")


def status(as_json: AsJson = False) -> None:
    """Say whether the local AWS runs, and where. Exit status 1 where it does not."""
    from localaws import home  # noqa: PLC0415

    state = _home()
    port = home.healthy_port(state)
    url = port and f"http://{home.HOST}:{port}"
    if as_json:
        process = home.process_id(state) if port else None
        print_json({"running": port is not None, "url": url, "process": process})
    elif port:
        say(f"running: {url}, process {home.process_id(state)}")
    else:
        say("not running")
    if port is None:
        raise typer.Exit(ExitStatus.NO)


def env(context: typer.Context, stage: StageName) -> None:
    """Print the environment of STAGE's account for a shell: eval "$(berth local env dev)"."""
    from localaws import accounts, home  # noqa: PLC0415

    settings, state = settings_of(context), _home()
    settings.stage(stage)
    lines = accounts.shell_lines(state, settings, stage, home.required_port(state))
    say(*lines.splitlines())


def demo(
    context: typer.Context,
    image: Annotated[
        bool,
        typer.Option(
            "--image", help="Build the real image with docker or podman, which takes minutes."
        ),
    ] = False,
) -> None:
    """Deploy the first stage to a local AWS of its own, show a prediction, and end that AWS."""
    os.environ["LOCALAWS_IMAGES"] = "always" if image else "never"
    from localaws.demo import demo as play  # noqa: PLC0415

    # Beside one that `up` left running.
    play(_home() / "demo", settings_of(context))


def rehearse() -> None:
    """Bring a release of the example through three local accounts, and see one go back."""
    from localaws.rehearsal.rehearse import rehearse as play  # noqa: PLC0415

    os.environ["LOCALAWS_IMAGES"] = "never"
    play(_home() / "rehearsal")


def serve() -> None:
    """Run the local AWS in the foreground, until Ctrl-C."""
    from localaws.serve import serve as run  # noqa: PLC0415

    run(_home(), until_stdin_closes=False)


def _home() -> "Path":
    from localaws.home import default_home  # noqa: PLC0415

    return default_home()
