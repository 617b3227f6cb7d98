"""A clone of the project with the example model built, and an AWS of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localaws.bootstrap import bootstrap
from localaws.lifecycle import Emulator, running
from stacks.settings import load
from tests import STAGES_FILE, cdk_cli


@dataclass(frozen=True)
class Deployment:
    """The project's folder, and the account that a stage of it is deployed to."""

    project: Path
    emulator: Emulator
    stage: str

    @property
    def endpoint(self) -> str:
        """The name of the stage's endpoint."""
        return f"{self.emulator.settings.project}-{self.stage}"

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the real CDK CLI in the project as a user would; standard error joins the output."""
        return cdk_cli.run(self.emulator, self.project, *arguments, stage=self.stage)

    def client(self, service: str, **more: Any) -> Any:
        """An unchanged boto3 client in the stage's account; `more`: its other parameters."""
        session: Any = self.emulator.session(self.stage)
        return session.client(service, **more)


def copied_tree(root: Path, folder: Path) -> Path:
    """Copy what git would into a new folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():  # a file deleted in the working tree is listed too
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    # As in a real clone: the CLI is the checkout's own.
    (folder / ".venv").symlink_to(root / ".venv")
    (folder / "node_modules").symlink_to(root / "node_modules")
    return folder


def clone(root: Path, built_model: Path, folder: Path) -> Path:
    """A copy of the tree with the tests' own stages.toml and the example model."""
    copied_tree(root, folder)
    shutil.copy(STAGES_FILE, folder)
    shutil.copytree(built_model, folder / "build" / "model")
    shutil.copy(built_model.with_name("model-stamp.json"), folder / "build")
    return folder


@pytest.fixture
def project(root: Path, built_model: Path, tmp_path: Path) -> Path:
    """The clone."""
    return clone(root, built_model, tmp_path / "project")


@contextmanager
def an_aws(project: Path, stage: str) -> Iterator[Deployment]:
    """An emulator with the accounts of the project's stages.toml; that of `stage` bootstrapped."""
    with running(project.parent / "home", load(project / "stages.toml")) as emulator:
        bootstrap(emulator, [stage])
        yield Deployment(project, emulator, stage)


@pytest.fixture
def deployment(project: Path) -> Iterator[Deployment]:
    """The first stage alone: each synth of the others takes as long again."""
    stages = project / "stages.toml"
    head, qa, _ = stages.read_text().partition("\n[qa]\n")
    assert qa
    stages.write_text(head)
    with an_aws(project, "dev") as made:
        yield made


@contextmanager
def an_example(project: Path, name: str) -> Iterator[Deployment]:
    """An AWS to which examples/<name> is deployed as it stands.

    Each has its own: to destroy the one before would take longer than to start anew.
    """
    shutil.copy(project / "examples" / name / "stages.toml", project)
    (stage,) = load(project / "stages.toml").stages
    with an_aws(project, stage) as made:
        deployed = made.cdk("deploy", f"{stage}/*", "--require-approval", "never")
        assert deployed.returncode == 0, deployed.stdout
        yield made
