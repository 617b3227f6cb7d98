"""A model from code whose signature is a type hint: it takes a list, and no table."""

import mlflow
from mlflow.pyfunc.model import PythonModel


class Hinted(PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:  # type: ignore[override]
        assert isinstance(model_input, list)
        return [text.upper() for text in model_input]


mlflow.models.set_model(Hinted())
