"""The base of the serving image: the official image, or where it cannot be pulled, one made here.

Debian's own packages make an equivalent of `python:3.11-slim-bookworm`.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from stacks.build_arguments import pinned_base
from tools.image.build import CONTAINER
from tools.image.engine import Engine, ImageError, last_line

_SUITE, _PYTHON = "bookworm", "3.11"
_INCLUDED = "ca-certificates,python3-venv"
_ENTRY = "ENV PATH=/opt/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# `python` and `pip` are as in the official image: Debian's own pip refuses to install packages.
_PREPARE = """
python3 -m venv /opt/python
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/* /usr/share/doc /usr/share/man
"""


def official(python_version: str) -> str:
    """The official image: by digest where one is pinned, else by its tag."""
    return pinned_base(python_version) or by_tag(python_version)


def by_tag(python_version: str) -> str:
    """The Dockerfile's default of BASE_IMAGE."""
    text = (CONTAINER / "Dockerfile").read_text()
    named = re.search(r"^ARG BASE_IMAGE=(\S+)$", text, re.MULTILINE)
    if named is None:
        raise ImageError(f"{CONTAINER}/Dockerfile: no default for BASE_IMAGE")
    return named[1].replace("${PYTHON_VERSION}", python_version)


def available(engine: Engine, python_version: str) -> str | None:
    """The base image, pulled where it is not there; None where that fails."""
    image = os.environ.get("BASE_IMAGE") or official(python_version)
    if engine.has(image) or engine.run("pull", "--quiet", image).returncode == 0:
        return image
    return None


def any_of(engine: Engine, python_version: str) -> str:
    """The base image, or else one made here. Raises ImageError where neither works."""
    return available(engine, python_version) or made_here(engine, python_version)


def made_here(engine: Engine, python_version: str) -> str:
    """A base image that debootstrap makes once; raises ImageError where something is missing."""
    recipe = hashlib.sha256("\n".join((_SUITE, _INCLUDED, _ENTRY, _PREPARE)).encode()).hexdigest()
    image = f"localhost/berth-base:{_SUITE}-{recipe[:12]}"
    if engine.has(image):
        return image
    if not python_version.startswith(f"{_PYTHON}."):
        raise ImageError(
            f"{official(python_version)} cannot be pulled, and a base made here has Python"
            f" {_PYTHON}: name one of Python {python_version} in BASE_IMAGE"
        )
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise ImageError(
            f"{official(python_version)} cannot be pulled; name a base in BASE_IMAGE, or install"
            " debootstrap and run this as root to have one made of Debian's packages"
        )
    with tempfile.TemporaryDirectory(prefix="berth-base-") as name:
        folder = Path(name)
        _fill(folder)
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as tar:
            done = subprocess.run(
                [engine.program, "import", "--change", _ENTRY, "-", image],
                stdin=tar.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode or tar.returncode:
            raise ImageError(f"{image} cannot be made: {last_line(done.stderr)}")
    return image


def _fill(folder: Path) -> None:
    for command in (
        ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", _SUITE, str(folder)],
        ["chroot", str(folder), "/bin/sh", "-ec", _PREPARE],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            # debootstrap prints its errors on standard output.
            raise ImageError(f"{command[0]}: {last_line(done.stdout + done.stderr)}")
