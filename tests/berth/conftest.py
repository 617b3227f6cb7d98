"""A project: a stages.toml and a model folder of no weight."""

import json
from pathlib import Path
from typing import Any

import pytest

STAGES = Path(__file__).parents[1] / "stacks" / "stages.toml"


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """The project's folder; its model is in build/model, as its stages.toml says."""
    model = tmp_path / "build" / "model"
    model.mkdir(parents=True)
    (model / "python_env.yaml").write_text("python: 3.11.7\n")
    (model / "requirements.txt").write_text("torch==2.13.0\n")
    (model / "MLmodel").write_text(
        "flavors: {python_function: {python_version: 3.11.7, loader_module: x}}\n"
    )
    (tmp_path / "stages.toml").write_text(STAGES.read_text())
    return tmp_path


@pytest.fixture
def assembly(model_folder: Path) -> Path:
    """A cloud assembly of dev, of two stacks, as the CDK lays it out."""
    nested = model_folder / "cdk.out" / "assembly-dev"
    nested.mkdir(parents=True)
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    topic = {"Type": "AWS::SNS::Topic"}
    templates = {
        "storage": {"Resources": {"Data": bucket, "Warning": topic}},
        "serving": {"Resources": {"Critical": topic}},
    }
    artifacts = {}
    for name, template in templates.items():
        (nested / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = _stack(name)
    artifacts["serving"]["dependencies"] = ["storage"]
    (nested / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    inside = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}}
    (nested.parent / "manifest.json").write_text(
        json.dumps({"artifacts": {"assembly-dev": inside}})
    )
    return nested.parent


def _stack(name: str) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-central-1",
        "properties": {
            "stackName": f"berth-dev-{name}",
            "templateFile": f"{name}.template.json",
        },
    }
