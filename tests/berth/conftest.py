"""A project: a stages.toml and a model folder of no weight."""

from pathlib import Path

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
