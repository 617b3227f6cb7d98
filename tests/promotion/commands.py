"""`berth`, as a user types it in a deployment's project."""

import subprocess

from tests.berth_cli import program
from tests.end_to_end.conftest import Deployment


def start(
    deployment: Deployment, *arguments: str, credentials_of: str = "dev"
) -> subprocess.Popen[str]:
    """The command, under way."""
    return subprocess.Popen(
        [program(deployment.project), *arguments],
        cwd=deployment.project,
        env=deployment.emulator.environment(credentials_of),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(
    deployment: Deployment, *arguments: str, status: int = 0, credentials_of: str = "dev"
) -> tuple[str, str]:
    """What it printed, and what went to standard error, of a command that ends with `status`."""
    process = start(deployment, *arguments, credentials_of=credentials_of)
    printed, wrong = process.communicate()
    assert process.returncode == status, printed + wrong
    return printed, wrong


def said(
    deployment: Deployment, *arguments: str, status: int = 0, credentials_of: str = "dev"
) -> str:
    """What it printed, nothing else being said."""
    printed, wrong = ended(deployment, *arguments, status=status, credentials_of=credentials_of)
    assert wrong == "", wrong
    return printed


def refused(
    deployment: Deployment, *arguments: str, status: int = 2, credentials_of: str = "dev"
) -> str:
    """Its one line, nothing being printed."""
    printed, wrong = ended(deployment, *arguments, status=status, credentials_of=credentials_of)
    assert printed == "", printed
    (line,) = wrong.splitlines()
    return line
