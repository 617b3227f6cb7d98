"""The CDK CLI's calls, carried out by the container engine of this machine."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from localaws.home import HOST, LocalAwsError, default_home, required_port, write
from localaws.images import Built, mode
from tools.image import base
from tools.image.build import build as run_build
from tools.image.build import replaced
from tools.image.engine import Engine, ImageError

_CONFIG = "config.json"

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


def push(built: Built, repository: str, tag: str, login: str) -> None:
    """Push to the emulated ECR by the registry protocol; it keeps the layers in memory.

    `login`: user and password, as a header of basic authentication has them.
    """
    registry, engine = f"{HOST}:{required_port(default_home())}", built.engine
    there = f"{registry}/{repository}:{tag}"
    with _one_line(), _logged_in(registry, login) as folder:
        if engine.is_podman:
            own = ("--tls-verify=false", f"--authfile={folder / _CONFIG}")
            engine.ask("push", *own, built.image, f"docker://{there}")
            return
        engine.ask("tag", built.image, there)
        try:
            engine.ask(f"--config={folder}", "push", there)
        finally:
            engine.run("rmi", there)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except ImageError as error:
        raise LocalAwsError(str(error)) from None


@contextmanager
def _logged_in(registry: str, login: str) -> Iterator[Path]:
    """A configuration folder of docker's: the user's, with a login to this registry alone.

    `docker login` would write into the user's own, which several pushes share.
    """
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    with TemporaryDirectory() as made:
        folder = Path(made)
        for entry in users.iterdir() if users.is_dir() else ():
            if entry.name != _CONFIG:
                (folder / entry.name).symlink_to(entry)
        own = users / _CONFIG
        config = json.loads(own.read_text()) if own.is_file() else {}
        for stores in ("credsStore", "credHelpers"):
            config.pop(stores, None)
        write(folder / _CONFIG, json.dumps(config | {"auths": {registry: {"auth": login}}}))
        yield folder
