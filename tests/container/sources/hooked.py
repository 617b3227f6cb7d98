"""A model from code whose classifier the server runs itself; it has no need of pandas."""

from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc.model import PythonModel


class Hooked(PythonModel):
    def load_context(self, context: Any) -> None:
        self._folder = Path(__file__).parent

    @property
    def classifier(self) -> Path:
        return self._folder / "classifier"

    def decode(self, text: str, *found: Any) -> dict[str, Any]:
        return {"decoded": text, "of": len(found)}

    def predict(self, model_input, params=None):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
        suffix = (params or {}).get("suffix", "")
        return [f"{text}{suffix}" for text in model_input["text"]]


mlflow.models.set_model(Hooked())
