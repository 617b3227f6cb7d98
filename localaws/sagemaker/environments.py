"""The Python environment of a program without an image: the model's pins that ours lacks.

Where a container engine builds the image, pip installs the model's requirements into it. Here the
program runs with this interpreter's packages; what differs is installed once into an overlay
environment that sees the rest through a `.pth` file. The model's requirements and the server's are
resolved together, as container/Dockerfile does, so that nothing runs here that no image can be
built of. A model of another minor version of Python gets an environment of its own, under that
Python, where this machine has it.
"""

import hashlib
import importlib.metadata
import logging
import re
import subprocess
import sys
import sysconfig
import threading
import venv
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from localaws.sagemaker.errors import HostingError

_ROOT = Path(__file__).parents[2]
_SERVER = _ROOT / "container" / "requirements.in"
_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
_log = logging.getLogger("localaws.sagemaker")
_building = threading.Lock()


def programs_for(python: str, requirements: str, home: Path) -> Path:
    """The folder whose `python` runs a model: this interpreter's, or an overlay's.

    Args:
        python: the version of Python that the model's image has.
        requirements: the text of the model's requirements.
        home: overlays lie under its `environments`, one for each set of missing packages.

    Raises HostingError where the model's requirements cannot be installed.
    """
    minor = ".".join(python.split(".")[:2])
    wanted = asked(requirements) if minor != _HERE else unmet(requirements)
    if minor == _HERE and not wanted:
        return Path(sys.executable).parent
    named = "\n".join([minor, sys.version, *wanted])
    folder = home / "environments" / hashlib.sha256(named.encode()).hexdigest()[:16]
    with _building:
        if not (folder / "complete").exists():
            _log.info("the model needs %s: installing into %s", ", ".join(wanted), folder)
            if minor == _HERE:
                _build(folder, asked(requirements))
            else:
                _build_apart(folder, minor, asked(requirements))
            (folder / "complete").touch()
    return folder / "bin"


def unmet(requirements: str) -> list[str]:
    """The requirements that are not met by this environment, sorted."""
    return sorted(text for text in asked(requirements) if not _is_met(text))


def asked(requirements: str) -> list[str]:
    """The requirements; options (lines that begin with `-`) are for the image's pip."""
    lines = re.sub(r"\\\n", " ", requirements).splitlines()
    texts = [re.sub(r"(^|\s+)#.*", "", line).strip() for line in lines]
    return [text for text in texts if text and not text.startswith("-")]


def _is_met(text: str) -> bool:
    try:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            return True
        version = importlib.metadata.version(requirement.name)
    except InvalidRequirement as error:
        raise HostingError(f"The model's requirements are wrong: {error}") from error
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _build(folder: Path, wanted: list[str]) -> None:
    venv.create(folder, clear=True, symlinks=True)
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    (packages / "berth.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # To pip the packages of the `.pth` file are installed: they keep their versions, unless the
    # model's pins conflict with that.
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run(wanted, *pip, *wanted, "-r", str(_SERVER))


def _build_apart(folder: Path, python: str, wanted: list[str]) -> None:
    uv = str(_ROOT / "tools" / "uv")
    make = [uv, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", python]
    if subprocess.run([*make, str(folder)], capture_output=True, check=False).returncode:
        raise HostingError(
            f"The model is of Python {python}, and this machine has none, on PATH or of uv's: "
            f"`uv python install {python}`, or have docker or podman build its image"
        )
    lines = (_SERVER.parent / "requirements-front.in").read_text().splitlines()
    # The front's own folder is not here, and its versions give way to the model's.
    front = [line.partition("==")[0] for line in lines if not line.startswith("#")]
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    _run(wanted, *install, *wanted, *front, "-r", str(_SERVER))


def _run(wanted: list[str], *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = " ".join(done.stderr.split())[-500:]
        raise HostingError(f"Could not install what the model needs ({', '.join(wanted)}): {tail}")
