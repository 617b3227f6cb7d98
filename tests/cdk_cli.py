"""The real CDK CLI, run against an AWS on this machine."""

import subprocess
from pathlib import Path

from localaws.lifecycle import Emulator


def run(
    emulator: Emulator, folder: Path, *arguments: str, stage: str = "dev"
) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, as a user of a stage's account would; standard error joins the output."""
    return subprocess.run(
        ["cdk", *arguments],
        cwd=folder,
        env=emulator.environment(stage),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
