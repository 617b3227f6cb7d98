"""A virtual environment for each peer; what it lacks is found in the project's.

So every server runs the same model by the same torch and transformers, and none weighs gigabytes.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"


class SetupError(Exception):
    """An environment cannot be made; the message says why, and what may help."""


def environment(requirements: Path) -> Path:
    """The folder of the programs of an environment with these requirements installed.

    It is made where it is missing or made from other pins.

    Raises:
        SetupError: when a package cannot be installed.
    """
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{requirements.stem}-{digest}"
    done = folder / ".ready"
    if not done.exists():
        venv.create(folder, clear=True, symlinks=True)
        _borrow(folder)
        _install(folder, requirements)
        done.touch()
    return folder / "bin"


def _borrow(folder: Path) -> None:
    """Let what the environment lacks be found in the project's, after its own."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "zz_borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")


def _install(folder: Path, requirements: Path) -> None:
    # The pins are complete: without dependencies, nothing can pull another torch.
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    command += ["install", "--quiet", "--no-deps", "--ignore-installed", "-r", str(requirements)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=dict(os.environ), check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise SetupError(f"{requirements.name}: {last}; look at the network and run it again")
