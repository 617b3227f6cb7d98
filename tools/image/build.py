"""Building container/Dockerfile, and what came of it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stacks.build_arguments import torch_index_url
from tools.image import network
from tools.image.engine import Engine, ImageError

CONTAINER = Path(__file__).parents[2] / "container"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""What SageMaker's CreateModel takes: no OCI manifest, and no list of several platforms."""


def replaced(cuda: str) -> dict[str, str]:
    """The build arguments in which this machine differs from what `cdk deploy` passes.

    `BASE_IMAGE` and `TORCH_INDEX_URL` of the environment win. Where pip's own find-links hold a
    build of torch, that is the one to take, and no other index is asked.
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
    """Build a context's Dockerfile as `tag`; the engine's own words are on the screen.

    Raises ImageError where it fails.
    """
    given = [
        part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")
    ]
    with network.build_options(network.pip_settings()) as closed:
        command = [engine.program, "build", *of_its_own(engine), *closed, *given]
        done = subprocess.run([*command, *options, "--tag", tag, str(context)], check=False)
    if done.returncode:
        raise ImageError(f"{tag} is not built: {engine.program} build says why, above")


def of_its_own(engine: Engine) -> list[str]:
    """The options that make an engine build what SageMaker takes, and the same bytes each time."""
    if engine.is_podman:
        # Its network needs a firewall's kernel modules, and isolates a build from nothing.
        return ["--format=docker", "--network=host", "--timestamp=0"]
    return ["--platform=linux/amd64", "--provenance=false", "--output=type=docker"]


def layers(engine: Engine, image: str) -> list[str]:
    """The digests of an image's layers, the base's first."""
    found: list[str] = engine.inspect(image)["RootFS"]["Layers"]
    return found
