"""The CDK CLI's calls, carried out by the container engine of this machine."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from localaws.home import HOST, LocalAwsError, default_home, required_port
from localaws.images import Built, mode
from tools.image import base
from tools.image.build import build as run_build
from tools.image.build import replaced
from tools.image.engine import Engine, ImageError

NO_BASE = "the base image cannot be pulled (LOCALAWS_IMAGES=always has one made here)"


def build(engine: Engine, folder: Path, context: Path, call: argparse.Namespace) -> bool:
    """Build an image and record it in `folder`; False where its base cannot be pulled.

    PyTorch's build is the one for CPU, since this machine replaces every instance type. Raises
    LocalAwsError where the build fails.
    """
    arguments = dict(one.partition("=")[::2] for one in call.build_arg)
    dockerfile = (context / call.file).read_text()
    taken = {name: text for name, text in replaced("none").items() if f"ARG {name}" in dockerfile}
    with _one_line():
        if "ARG BASE_IMAGE" in dockerfile:
            version = arguments.get("PYTHON_VERSION", "")
            found = base.available(engine, version)
            if found is None and mode() == "auto":
                return False
            taken["BASE_IMAGE"] = found or base.made_here(engine, version)
        print(f"localaws: {engine.program} builds {call.tag}", file=sys.stderr)
        own = (f"--file={context / call.file}",)
        run_build(engine, arguments | taken, tag=call.tag, context=context, options=own)
    Built(engine.program, engine.is_podman, call.tag).write(folder)
    return True


def tag(source: Built, target: str, folder: Path) -> None:
    """Give an image a further name."""
    with _one_line():
        source.engine.ask("tag", source.image, target)
    replace(source, image=target).write(folder)


def push(built: Built, repository: str, tag: str) -> None:
    """Push to the emulated ECR by the registry protocol; it keeps the layers in memory."""
    there = f"{HOST}:{required_port(default_home())}/{repository}:{tag}"
    engine = built.engine
    with _one_line():
        if engine.is_podman:
            engine.ask("push", "--tls-verify=false", built.image, f"docker://{there}")
            return
        engine.ask("tag", built.image, there)
        try:
            engine.ask("push", there)
        finally:
            engine.run("rmi", there)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise LocalAwsError(str(error)) from None
