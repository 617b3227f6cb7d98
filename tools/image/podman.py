"""podman, called by the CDK CLI as if it were docker: `tools/podman`, which `tools/cdk` puts there.

Two of docker's calls mean something else to podman. `build --output=type=docker` writes the whole
root filesystem into a folder of that name; what docker means by it is `--format=docker`. And `push`
sends an OCI manifest wherever the image has one, which SageMaker's CreateModel refuses
(https://github.com/aws/amazon-sagemaker-feedback/issues/180): here it sends docker's, and the
registry is asked what it has got. Every other call is podman's own.
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
    """Run one of the CLI's calls; podman's status, or 1 after one line about what was pushed."""
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
            return status or _look(engine, reference)
    return _run(engine, *rest)


def _run(engine: Engine, *arguments: str) -> int:
    return subprocess.run([engine.program, *arguments], check=False).returncode


def _look(engine: Engine, reference: str) -> int:
    try:
        found = _media_type(engine, reference)
    except ImageError as error:
        print(f"{reference}: pushed, but nobody can look at its manifest: {error}", file=sys.stderr)
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
    """Of the manifest that a registry has. Raises ImageError where it cannot be had."""
    asked = engine.run("manifest", "inspect", reference)
    if asked.returncode == 0:
        manifest = json.loads(asked.stdout)
        # OCI lets a manifest leave its own type out.
        return str(manifest.get("mediaType") or "application/vnd.oci.image.manifest.v1+json")
    # podman 4 gets an OCI manifest of one image, and shows it in its refusal to print it.
    shown = _MEDIA_TYPE.search(asked.stderr)
    if shown is None:
        raise ImageError(last_line(asked.stderr))
    return shown[0]


if __name__ == "__main__":
    sys.exit(main())
