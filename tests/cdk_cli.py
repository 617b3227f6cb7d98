"""The real CDK CLI, run against an AWS on this machine."""

import subprocess
from pathlib import Path

from localaws.lifecycle import Emulator


def run(emulator: Emulator, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, as a user of dev's account would; standard error joins the output."""
    return subprocess.run(
        ["cdk", *arguments],
        cwd=folder,
        env=emulator.environment("dev"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
