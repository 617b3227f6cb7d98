"""podman, which the CDK CLI calls as docker: `tools/cdk` names `tools/podman` to the CLI.

Two of docker's calls have another meaning for podman. `build --output=type=docker` writes the root
filesystem into a folder of that name; docker's meaning is podman's `--format=docker`. And `push`
sends an OCI manifest where the image has one, which SageMaker's CreateModel refuses
(https://github.com/aws/amazon-sagemaker-feedback/issues/180): here it sends docker's, and the
manifest in the registry is checked. Every other call is passed on to podman.
"""

import json
import os
import re
import subprocess
import sys

from tools.image import network
from tools.image.build import DOCKER_MANIFEST, of_its_own
from tools.image.engine import Engine, ImageError, last_line

_ASKED = "--output=type=docker"
_MEDIA_TYPE = re.compile(r"application/vnd\.[a-z0-9.+-]+")


def main(arguments: list[str] | None = None) -> int:
    """Run a call of the CLI; returns podman's status, or 1 where SageMaker refuses the image."""
    given = sys.argv[1:] if arguments is None else arguments
    engine = Engine(os.environ.get("BERTH_PODMAN") or "podman", is_podman=True)
    # The CLI may put `--config FOLDER` before the command; podman ignores it.
    rest = given[2:] if given[:1] == ["--config"] else given
    match rest:
        case ["build", *options] if _ASKED in options:
            kept = [option for option in options if option != _ASKED]
            with network.build_options(network.pip_settings()) as secrets:
                return _run(engine, "build", *of_its_own(engine), *secrets, *kept)
        case ["push", reference]:
            status = _run(engine, "push", "--format=v2s2", reference)
            return status or _check(engine, reference)
    return _run(engine, *rest)


def _run(engine: Engine, *arguments: str) -> int:
    return subprocess.run([engine.program, *arguments], check=False).returncode


def _check(engine: Engine, reference: str) -> int:
    try:
        found = _media_type(engine, reference)
    except ImageError as error:
        print(f"{reference}: pushed, but its manifest cannot be read: {error}", file=sys.stderr)
        return 1
    if found != DOCKER_MANIFEST:
        print(
            f"{reference}: SageMaker's CreateModel refuses its manifest, {found}; it takes"
            f" {DOCKER_MANIFEST}: delete the tag there and the image here, and deploy again",
            file=sys.stderr,
        )
        return 1
    return 0


def _media_type(engine: Engine, reference: str) -> str:
    """The type of the manifest in a registry. Raises ImageError where it cannot be read."""
    asked = engine.run("manifest", "inspect", reference)
    if asked.returncode == 0:
        manifest = json.loads(asked.stdout)
        # OCI lets a manifest leave its own type out.
        return str(manifest.get("mediaType") or "application/vnd.oci.image.manifest.v1+json")
    # podman 4 refuses to print the OCI manifest of one image, and names its type in the error.
    shown = _MEDIA_TYPE.search(asked.stderr)
    if shown is None:
        raise ImageError(last_line(asked.stderr))
    return shown[0]


if __name__ == "__main__":
    sys.exit(main())
