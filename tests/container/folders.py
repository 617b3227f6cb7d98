"""Small MLflow model folders, made by MLflow itself."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import pyfunc
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

SOURCES = Path(__file__).parent / "sources"
EXAMPLES = {
    "spans.py": pd.DataFrame({"text": ["Anna lives in Berlin"]}),
    "hooked.py": pd.DataFrame({"text": ["Anna lives in Berlin"]}),
    "faulty.py": pd.DataFrame({"text": ["Anna lives in Berlin"]}),
    "hinted.py": ["Anna lives in Berlin"],
    "table.py": pd.DataFrame({"a": [1.0], "b": [2.0]}),
}
SIGNATURES = {
    "spans.py": ModelSignature(
        inputs=Schema([ColSpec("string", "text")]),
        params=ParamSchema([ParamSpec("label", "string", "NAME")]),
    ),
    "hooked.py": ModelSignature(
        inputs=Schema([ColSpec("string", "text")]),
        params=ParamSchema([ParamSpec("suffix", "string", "")]),
    ),
    "faulty.py": ModelSignature(inputs=Schema([ColSpec("string", "text")])),
    "lying.py": ModelSignature(inputs=Schema([ColSpec("double", "a")])),
    "table.py": ModelSignature(inputs=Schema([ColSpec("double", "a"), ColSpec("double", "b")])),
}
PINS = [f"{name}=={version(name)}" for name in ("mlflow-skinny", "pandas", "numpy")]


def shout() -> PythonModel:
    """Make a model whose class cloudpickle has to hold, as nobody could import it."""

    class Shout(PythonModel):
        def predict(self, model_input):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
            return [text.upper() for text in model_input["text"]]

    return Shout()


def save_model(folder: Path, source: str | None, *, example: Any = None) -> Path:
    """Save one of `sources/` as a model folder, or (`None`) a pickled model."""
    if example is None:
        example = EXAMPLES[source or "spans.py"]
    pyfunc.save_model(
        folder,
        python_model=str(SOURCES / source) if source else shout(),
        signature=SIGNATURES.get(source or ""),
        input_example=example,
        pip_requirements=PINS,
    )
    return folder


def replace(file: Path, old: str, new: str) -> None:
    """Change a file of a model folder; what is replaced has to be there."""
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))
