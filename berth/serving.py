"""The commands for the serving container: run it, build its image."""

import os
from pathlib import Path
from typing import Annotated

import typer

from berth.context import ROOT, settings_of
from berth.screen import say

SECTION = "Container"


def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(help="The port on 127.0.0.1 that the server listens on.")
    ] = 8080,
) -> None:
    """Serve the model of stages.toml on this machine as the container does, without AWS."""
    program, environment = own_server(context)
    environment |= {"SAGEMAKER_BIND_TO_PORT": str(port), "BERTH_BIND_HOST": "127.0.0.1"}
    os.execve(program, [str(program), "serve"], environment)  # noqa: S606 - takes this process


def own_server(context: typer.Context) -> tuple[Path, dict[str, str]]:
    """The container's program, and its environment for the model of stages.toml.

    Raises LocalAwsError where what the model needs cannot be installed.
    """
    from localaws.home import LocalAwsError, default_home  # noqa: PLC0415
    from localaws.sagemaker.environments import programs_for  # noqa: PLC0415
    from localaws.sagemaker.errors import HostingError  # noqa: PLC0415
    from model.folder import members  # noqa: PLC0415
    from stacks.compatibility import read_model_record  # noqa: PLC0415

    settings = settings_of(context)
    folder = settings.model_folder
    members(folder)  # raises where it is no model
    record = read_model_record(folder, settings.model)
    try:
        programs = programs_for(record.python_version, record.requirements, default_home())
    except HostingError as error:
        raise LocalAwsError(str(error)) from None
    return ROOT / "container" / "entrypoint.sh", {
        **os.environ,
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", "")]),
        "SM_MODEL_DIR": str(folder),
        **settings.model.environment,
        **next(iter(settings.stages.values())).container.environment,
    }


def image(
    context: typer.Context,
    *,
    tag: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The image's name. By default it is `project` of stages.toml."
        ),
    ] = None,
    cpu: Annotated[
        bool, typer.Option("--cpu", help="Take PyTorch's CPU build, to run on this machine.")
    ] = False,
    any_base: Annotated[
        bool, typer.Option("--any-base", help="Make a base image where it cannot be pulled.")
    ] = False,
    pin_base: Annotated[
        bool,
        typer.Option(
            "--pin-base",
            help="Only keep the digest of the official base image, by which it is built from then"
            " on, in container/bases.",
        ),
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Only get the base image and start it; build nothing.")
    ] = False,
) -> None:
    """Build the serving image of the model of stages.toml with docker or podman."""
    from stacks.build_arguments import build_arguments  # noqa: PLC0415
    from stacks.compatibility import read_model_record  # noqa: PLC0415
    from tools.image import base  # noqa: PLC0415
    from tools.image.build import build, replaced  # noqa: PLC0415
    from tools.image.engine import find  # noqa: PLC0415

    settings = settings_of(context)
    record = read_model_record(settings.model_folder, settings.model)
    if pin_base:
        from tools.image.pinned import pin  # noqa: PLC0415

        say(pin(record.python_version))
        return
    engine = find()
    cuda = "none" if cpu else settings.container.cuda
    arguments = build_arguments(record, cuda) | replaced(cuda)
    if (any_base or probe) and not os.environ.get("BASE_IMAGE"):
        arguments["BASE_IMAGE"] = base.any_of(engine, record.python_version)
    if probe:
        base_image = arguments["BASE_IMAGE"]
        engine.ask("run", "--rm", "--network=none", base_image, "python", "--version")
        say(f"{engine.program} works, on {base_image}")
        return
    name = tag or settings.project
    build(engine, arguments, tag=name)
    say(f"{name}: built by {engine.program}")
