"""The accounts of the rehearsal, and what tests of a release on its way do with them."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from localaws.bootstrap import bootstrap
from localaws.lifecycle import running
from stacks.settings import load
from tests.end_to_end.conftest import Deployment, clone
from tests.promotion.commands import ended, said

_MODEL = '[model]\npath = "build/model"'


@contextmanager
def rehearsed(
    root: Path, built_model: Path, folder: Path, more: str = "", model: str = _MODEL
) -> Iterator[Deployment]:
    """Three accounts, of which dev and qa are bootstrapped.

    `more` ends their stages.toml; `model` is its table of that name.
    """
    project = clone(root, built_model, folder / "project")
    stages = (root / "localaws" / "rehearsal" / "stages.toml").read_text()
    assert _MODEL in stages
    (project / "stages.toml").write_text(f"{stages.replace(_MODEL, model)}\n{more}")
    with running(folder / "home", load(project / "stages.toml")) as emulator:
        bootstrap(emulator, ["dev", "qa"])
        yield Deployment(project, emulator, "dev")


def shown(deployment: Deployment, name: str) -> dict[str, Any]:
    """A release's document."""
    document: dict[str, Any] = json.loads(said(deployment, "show", name))
    return document


def deploy(deployment: Deployment) -> None:
    """Deploy dev and record it."""
    deployed = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout
    ended(deployment, "record", "dev")


def nothing_differs(deployment: Deployment, stage: str, folder: Path) -> None:
    """`cdk diff` of the newest release's own assembly is empty."""
    session: Any = deployment.emulator.session(stage)
    (stack,) = session.client("cloudformation").describe_stacks(
        StackName=f"rehearsal-{stage}-storage"
    )["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    key = shown(deployment, stage)["assembly"]["key"]
    found = session.client("s3").get_object(Bucket=outputs["DataBucketName"], Key=key)
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(BytesIO(found["Body"].read())) as content:
        content.extractall(folder)
    profile = f"rehearsal-{stage}"
    differs = deployment.cdk(
        "diff", "--fail", f"{stage}/*", "--app", str(folder), "--profile", profile
    )
    assert differs.returncode == 0, differs.stdout
