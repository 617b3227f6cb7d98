"""The CDK CLI's calls, carried out by the container engine of this machine."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from localaws.home import HOST, LocalAwsError, default_home, healthy_port
from localaws.images import Built, mode
from tools.image import base
from tools.image.build import build as run_build
from tools.image.build import replaced
from tools.image.engine import Engine, ImageError

NO_BASE = "the base image cannot be pulled (LOCALAWS_IMAGES=always has one made here)"


def build(engine: Engine, folder: Path, context: Path, options: list[str]) -> bool:
    """Build an image and record it in `folder`; False where its base cannot be pulled.

    PyTorch's build is the one for CPU, since this machine replaces every instance type. Raises
    LocalAwsError where the build fails.
    """
    parser = argparse.ArgumentParser(prog="build", add_help=False, allow_abbrev=False)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--file", default="Dockerfile")
    parser.add_argument("--build-arg", action="append", default=[])
    parsed, _ = parser.parse_known_args(options)
    arguments = dict(one.partition("=")[::2] for one in parsed.build_arg)
    dockerfile = (context / parsed.file).read_text()
    taken = {name: text for name, text in replaced("none").items() if f"ARG {name}" in dockerfile}
    try:
        if "ARG BASE_IMAGE" in dockerfile:
            version = arguments.get("PYTHON_VERSION", "")
            found = base.available(engine, version)
            if found is None and mode() == "auto":
                return False
            taken["BASE_IMAGE"] = found or base.made_here(engine, version)
        print(f"localaws: {engine.program} builds {parsed.tag}", file=sys.stderr)
        own = (f"--file={context / parsed.file}",)
        run_build(engine, arguments | taken, tag=parsed.tag, context=context, options=own)
    except ImageError as error:
        raise LocalAwsError(str(error)) from None
    Built(engine.program, engine.is_podman, parsed.tag).write(folder)
    return True


def tag(source: Built, target: str, folder: Path) -> None:
    """Give an image a further name."""
    try:
        source.engine.ask("tag", source.image, target)
    except ImageError as error:
        raise LocalAwsError(str(error)) from None
    replace(source, image=target).write(folder)


def push(built: Built, repository: str, tag: str) -> None:
    """Push to the emulated ECR by the registry protocol; it keeps the layers in memory."""
    port = healthy_port(default_home())
    if port is None:
        raise LocalAwsError("AWS on this machine is not running; start it: berth local up")
    there = f"{HOST}:{port}/{repository}:{tag}"
    engine = built.engine
    try:
        if engine.is_podman:
            engine.ask("push", "--tls-verify=false", built.image, f"docker://{there}")
            return
        engine.ask("tag", built.image, there)
        try:
            engine.ask("push", there)
        finally:
            engine.run("rmi", there)
    except ImageError as error:
        raise LocalAwsError(str(error)) from None
