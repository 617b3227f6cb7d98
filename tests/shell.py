"""The commands of a page, run in a shell as a reader runs them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run(commands: Sequence[str], folder: Path, home: Path) -> str:
    """What the commands print in a folder, on a local AWS of their own; each has to succeed."""
    ran = subprocess.run(
        ["bash", "-ec", "\n".join(["trap 'berth local down' EXIT", *commands])],
        cwd=folder,
        env={
            **os.environ,
            "LOCALAWS_HOME": str(home),
            "CDK_REQUIRE_APPROVAL": "never",  # nobody is there to say yes
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout
