"""A clone in which a team has put its own stages and its own model: nothing of Berth's breaks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import berth_cli
from tests.end_to_end.conftest import copied_tree

pytestmark = pytest.mark.slow

STAGES = """
project = "intent"

[model]
path = "trained/intent"

[container]
cuda = "none"

[defaults.endpoint]
instance_type = "ml.c6i.xlarge"

[test]
account = "444444444444"
region = "us-east-1"

[live]
account = "555555555555"
region = "ap-southeast-2"
production = true

[live.scaling]
min_capacity = 2
max_capacity = 4

[live.update]
strategy = "canary"
step_percent = 50
bake_seconds = 300
"""
# Of a scikit-learn pipeline that MLflow has logged: what the checks and the image read of it.
MODEL = {
    "MLmodel": "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
    "    model_path: model.pkl\n    python_version: 3.11.9\n",
    "model.pkl": "no weight",
    "python_env.yaml": "python: 3.11.9\n",
    "requirements.txt": "mlflow==3.17.2\nscikit-learn==1.7.2\n",
}


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied_tree(root, tmp_path_factory.mktemp("users") / "project")
    for name in ("deploy.yml", "promote.yml", "pull-request.yml"):
        (folder / ".github" / "workflows" / name).unlink()
    (folder / "stages.toml").write_text(STAGES)
    (folder / "trained" / "intent").mkdir(parents=True)
    for name, text in MODEL.items():
        (folder / "trained" / "intent" / name).write_text(text)
    return folder


def run(project: Path, *command: str) -> None:
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_NOTICES": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_quick_tests_of_berth_pass(project: Path) -> None:
    run(
        project,
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "not slow and not long",
        "--numprocesses",
        "2",
    )


def test_the_stages_are_checked_synthesized_and_kept(project: Path) -> None:
    for command in ("check", "workflows", "workflows --check"):
        done = berth_cli.run(*command.split(), folder=project)
        assert done.returncode == 0, done.stdout + done.stderr
    run(project, str(project / "tools" / "cdk"), "synth", "--quiet", "**")
    for command in ("snapshots", "snapshots --check"):
        done = berth_cli.run(*command.split(), "--assembly", "cdk.out", folder=project)
        assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(file.name for file in (project / "snapshots").iterdir()) == [
        f"{stage}-{stack}.json"
        for stage in ("live", "test")
        for stack in ("Monitoring", "Serving", "Storage")
    ]
