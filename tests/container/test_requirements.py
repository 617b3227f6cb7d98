"""The server's requirements and those of a model are installed together, so they have to fit."""

import subprocess
from pathlib import Path

import pytest

# As MLflow wrote them with a model, with a Python of that time, 3.11 at least.
LOGGED = {
    "mlflow==2.9.2": ("3.11", "cloudpickle==2.2.1 numpy==1.26.2 scikit-learn==1.3.2 scipy==1.11.4"),
    "mlflow==2.12.2": ("3.11", "cloudpickle==3.0.0 torch==2.3.0 transformers==4.40.2"),
    "mlflow==2.15.1": (
        "3.11",
        "cloudpickle==3.0.0 numpy==1.26.4 torch==2.4.0 transformers==4.43.3",
    ),
    "mlflow==2.17.2": (
        "3.11",
        "cloudpickle==3.1.0 numpy==1.26.4 scikit-learn==1.5.2 scipy==1.14.1",
    ),
    "mlflow==2.20.3": (
        "3.12",
        "accelerate==1.4.0 cloudpickle==3.1.1 torch==2.6.0 transformers==4.49.0",
    ),
    "mlflow==3.1.4": ("3.12", "cloudpickle==3.1.1 numpy==2.3.1 scikit-learn==1.7.0 scipy==1.16.0"),
    "mlflow==3.4.0": (
        "3.12",
        "accelerate==1.10.1 cloudpickle==3.1.1 torch==2.8.0 transformers==4.56.1",
    ),
    "mlflow==3.6.0": ("3.13", "cloudpickle==3.1.2 numpy==2.3.4 pandas==2.3.3 scikit-learn==1.7.2"),
    "mlflow==3.9.0": (
        "3.13",
        "accelerate==1.12.0 cloudpickle==3.1.2 torch==2.10.0 transformers==5.0.0",
    ),
    "mlflow==3.17.2": ("3.13", "cloudpickle==3.1.2 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.0"),
    # The corners: the oldest packages of each kind, the newest Python, and a model of ONNX.
    "mlflow-skinny==2.9.2": ("3.11", "cloudpickle==2.2.1 torch==2.1.2 transformers==4.30.2"),
    "mlflow==2.10.2": ("3.11", "cloudpickle==3.0.0 numpy==1.26.3 scikit-learn==1.2.2"),
    "mlflow==2.14.3": ("3.11", "numpy==1.26.4 onnx==1.16.1 onnxruntime==1.18.1"),
    "mlflow-skinny==3.17.2": ("3.14", "numpy==2.4.6 torch==2.13.0 transformers==5.0.0"),
}


def test_the_models_environment_gets_little_of_wide_range(root: Path) -> None:
    lines = (root / "container" / "requirements.in").read_text().splitlines()
    asked = [line for line in lines if not line.startswith("#")]
    assert asked == ["orjson>=3.9", "packaging>=20"]


@pytest.mark.slow
@pytest.mark.parametrize("mlflow", LOGGED)
def test_they_fit_what_mlflow_logged_with_a_model(mlflow: str, root: Path, tmp_path: Path) -> None:
    python, others = LOGGED[mlflow]
    model = tmp_path / "requirements.txt"
    model.write_text("\n".join([mlflow, *others.split()]))

    def resolve(*files: Path) -> subprocess.CompletedProcess[str]:
        """Choose versions by their metadata; nothing is installed, and nothing is built."""
        options = ["--python-version", python, "--python-platform", "linux", "--no-build"]
        command = [str(root / "tools" / "uv"), "pip", "compile", *options, *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    server = [root / "container" / "requirements.in"]
    if "transformers" in others:  # as stacks/build_arguments.py has it
        server.append(root / "container" / "requirements-engine.in")
    resolved = resolve(*server, model)
    if resolved.returncode and (alone := resolve(model)).returncode:
        pytest.skip(f"the package index has not the model's own packages: {alone.stderr}")
    assert resolved.returncode == 0, resolved.stderr
