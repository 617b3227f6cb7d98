"""MLflow's own server: a python model around the pipeline, logged as code."""

import sys
from typing import Any

import mlflow

from bench.serving.peers.recognizer import Recognizer


class Entities(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Texts in, entities out."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002 - MLflow's signature
        """Load the pipeline."""
        self._recognize = Recognizer()

    def predict(
        self,
        context: Any,  # noqa: ARG002
        model_input: list[str],
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> list[list[dict[str, Any]]]:
        """Find the entities of each text."""
        texts = list(model_input)
        if len(texts) == 1:
            return [self._recognize(texts[0])]
        return self._recognize.many(texts)


def save(folder: str) -> None:
    """Write the model's folder, anew."""
    mlflow.pyfunc.save_model(folder, python_model=__file__, input_example=None, pip_requirements=[])


if __name__ == "__main__":
    save(sys.argv[1])
else:
    mlflow.models.set_model(Entities())
