"""Whether the packages of an image can be had together, asked of the package index by uv."""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.image.engine import ImageError

_ROOT = Path(__file__).parents[2]


def clash(arguments: Mapping[str, str]) -> str | None:
    """What clashes in the image that is built with these arguments, in uv's words; None if nothing.

    Nothing is installed: uv reads the packages' metadata, for the image's Python and Linux.

    Raises:
        ImageError: where no index answers.
    """
    files = [_ROOT / "container" / "requirements.in"]
    if arguments.get("ENGINE"):
        files.append(_ROOT / "container" / "requirements-engine.in")
    # As in the Dockerfile: a build of torch is that of the machine that made the model.
    text = re.sub(
        r"(?mi)^(torch(?:vision|audio)?\s*==[^+\n]+)[+][a-z0-9.]+",
        r"\1",
        arguments["MODEL_REQUIREMENTS"],
    )
    minor = ".".join(arguments["PYTHON_VERSION"].split(".")[:2])
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "requirements.txt"
        model.write_text(text)
        command = [str(_ROOT / "tools" / "uv"), "pip", "compile", "--python-version", minor]
        command += ["--python-platform", "x86_64-manylinux_2_34", *map(str, files), str(model)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
        )
    said = " ".join(re.sub("[^\x20-\x7e]+", " ", done.stderr).split())
    if not done.returncode:
        return None
    if "No solution found" not in said:
        raise ImageError(f"the packages could not be resolved: {said[-500:]}")
    return re.sub(r"^.*No solution found when resolving dependencies:\W*", "", said)
