"""The Python environment of a program without an image: the model's pins that ours lacks.

Where a container engine builds the image, pip installs the model's requirements into it. Here the
program runs with this interpreter's packages; what differs is installed once into an overlay
environment that sees the rest through a `.pth` file.
"""

import hashlib
import importlib.metadata
import logging
import subprocess
import sys
import sysconfig
import threading
import venv
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from localaws.sagemaker.errors import HostingError

_log = logging.getLogger("localaws.sagemaker")
_building = threading.Lock()


def programs_for(model: Path, home: Path) -> Path:
    """The folder whose `python` runs a model folder: this interpreter's, or an overlay's.

    Overlays lie under `home`/environments, one for each set of missing packages. Raises
    HostingError where the model's requirements cannot be installed.
    """
    own = model / "requirements.txt"
    # Handlers have theirs beside them.
    wanted = unmet(own if own.exists() else model / "code" / "requirements.txt")
    if not wanted:
        return Path(sys.executable).parent
    named = "\n".join([sys.version, *wanted])
    folder = home / "environments" / hashlib.sha256(named.encode()).hexdigest()[:16]
    with _building:
        if not (folder / "complete").exists():
            _log.info("the model needs %s: installing into %s", ", ".join(wanted), folder)
            _build(folder, wanted)
    return folder / "bin"


def unmet(requirements: Path) -> list[str]:
    """The requirements of a file that are not met by this environment, sorted.

    Options (lines that begin with `-`) are for the image's pip and are ignored.
    """
    if not requirements.exists():
        return []
    missing = []
    for line in requirements.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-") and not _is_met(text):
            missing.append(text)
    return sorted(missing)


def _is_met(text: str) -> bool:
    try:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            return True
        version = importlib.metadata.version(requirement.name)
    except InvalidRequirement as error:
        raise HostingError(f"The model's requirements.txt is wrong: {error}") from error
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
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = " ".join(done.stderr.split())[-500:]
        raise HostingError(f"Could not install what the model needs ({', '.join(wanted)}): {tail}")
    (folder / "complete").touch()
