"""What the image of a model is built with."""

from pathlib import Path

import pytest

from stacks.build_arguments import build_arguments
from stacks.compatibility import ModelRecord, read_model_record


@pytest.mark.parametrize(
    ("requirements", "is_encoder", "cuda", "has_it"),
    [
        ("torch==2.13.0\n", True, "none", True),
        ("torch==2.13.0\n", True, "13.0", False),
        ("scikit-learn==1.9.0\n", False, "none", False),
        ("onnxruntime==1.17.3\n", True, "none", False),
        ("onnx>=1.15\n", True, "none", False),
    ],
)
def test_onnx_is_in_the_image_of_an_encoder_on_cpu_that_asks_for_none(
    requirements: str, is_encoder: bool, cuda: str, has_it: bool
) -> None:
    record = ModelRecord("3.11.7", requirements, is_encoder)
    assert (build_arguments(record, cuda).get("ENGINE") == "onnx") == has_it


def test_no_onnx_is_in_an_image_of_python_3_10_which_it_has_no_wheel_for() -> None:
    assert "ENGINE" not in build_arguments(ModelRecord("3.10.13", "torch==2.1.2\n", True), "none")


@pytest.mark.parametrize("missing", [None, "config.json", "model.safetensors"])
def test_an_encoder_is_a_folder_of_config_and_weights(missing: str | None, tmp_path: Path) -> None:
    (tmp_path / "python_env.yaml").write_text("python: 3.11.7\n")
    (tmp_path / "requirements.txt").write_text("mlflow==3.17.2\n")
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {}}\n")
    classifier = tmp_path / "artifacts" / "classifier"
    classifier.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        if name != missing:
            (classifier / name).touch()
    assert read_model_record(tmp_path).is_encoder == (missing is None)
