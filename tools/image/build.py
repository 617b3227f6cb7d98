"""Building an image of container/Dockerfile."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stacks.build_arguments import torch_index_url
from tools.image import network
from tools.image.engine import Engine, ImageError

CONTAINER = Path(__file__).parents[2] / "container"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""The type that SageMaker's CreateModel accepts; it refuses OCI manifests, and lists of several."""


def replaced(cuda: str) -> dict[str, str]:
    """The build arguments in which a build on this machine differs from that of `cdk deploy`.

    `BASE_IMAGE` and `TORCH_INDEX_URL` of the environment come first. Where pip's find-links have a
    build of torch, it is used, and no other index.
    """
    folder = network.wheels(network.pip_settings())
    held = bool(folder and any(folder.glob("torch-*.whl")))
    asked = ("BASE_IMAGE", "TORCH_INDEX_URL")
    return {
        "TORCH_INDEX_URL": "" if held else torch_index_url(cuda),
        **{name: os.environ[name] for name in asked if name in os.environ},
    }


def build(
    engine: Engine,
    arguments: Mapping[str, str],
    *,
    tag: str,
    context: Path = CONTAINER,
    options: tuple[str, ...] = (),
) -> None:
    """Build a context's Dockerfile as `tag`, with the engine's output on the screen.

    Raises ImageError where that fails.
    """
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    with network.build_options(network.pip_settings()) as closed:
        command = [engine.program, "build", *of_its_own(engine), *closed, *given]
        done = subprocess.run([*command, *options, "--tag", tag, str(context)], check=False)
    if done.returncode:
        raise ImageError(f"{tag} is not built: {engine.program} build says why, above")


def of_its_own(engine: Engine) -> list[str]:
    """Options with which an engine builds what SageMaker accepts, and the same bytes each time."""
    if engine.is_podman:
        # podman's own network needs a firewall's kernel modules, and does not isolate a build.
        return ["--format=docker", "--network=host", "--timestamp=0"]
    return ["--platform=linux/amd64", "--provenance=false", "--output=type=docker"]
