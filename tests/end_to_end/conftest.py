"""A clone of the project with the example model built, and an AWS of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localaws.bootstrap import bootstrap
from localaws.lifecycle import Emulator, running
from stacks.settings import load
from tests import cdk_cli


@dataclass(frozen=True)
class Deployment:
    """The project's folder, and the account that its dev stage is deployed to."""

    project: Path
    emulator: Emulator

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the real CDK CLI in the project as a user would; standard error joins the output."""
        return cdk_cli.run(self.emulator, self.project, *arguments)

    def client(self, service: str) -> Any:
        """An unchanged boto3 client in dev's account."""
        session: Any = self.emulator.session("dev")
        return session.client(service)


@pytest.fixture
def deployment(root: Path, built_model: Path, tmp_path: Path) -> Iterator[Deployment]:
    project = tmp_path / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():  # a file deleted in the working tree is listed too
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, project / name)
    # As in a real clone: the CLI is the checkout's own.
    (project / ".venv").symlink_to(root / ".venv")
    (project / "node_modules").symlink_to(root / "node_modules")
    shutil.copytree(built_model, project / "build" / "model")
    with running(tmp_path / "home", load(project / "stages.toml")) as emulator:
        bootstrap(emulator, ["dev"])
        yield Deployment(project, emulator)
