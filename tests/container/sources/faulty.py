"""A model from code that does what its text says; a table of rows comes back as one of lengths."""

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


class Faulty(PythonModel):
    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def predict(self, model_input, params=None):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
        texts = list(model_input["text"])
        self.calls.append(texts)
        lengths = [len(text) for text in texts]
        match texts[0]:
            case "refuse":
                raise MlflowException("no such text", error_code=INVALID_PARAMETER_VALUE)
            case "fail":
                raise KeyError("a secret of the model")
            case "memory":
                raise OutOfMemoryError("CUDA out of memory")
            case "gpu":
                raise RuntimeError("CUDA error: device-side assert triggered")
        forms = {
            "object": [object()],
            "lose": lengths[1:],
            "one": "all of them",
            "table": pd.DataFrame({"length": lengths}),
            "series": pd.Series(lengths, name="length"),
            "array": np.array(lengths),
        }
        return forms.get(texts[0], lengths)


mlflow.models.set_model(Faulty())
