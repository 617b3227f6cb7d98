"""A model from code: a table in, an array out, with a value that JSON has no name for."""

import mlflow
import numpy as np
from mlflow.pyfunc.model import PythonModel


class Ratio(PythonModel):
    def predict(self, model_input):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
        with np.errstate(divide="ignore", invalid="ignore"):
            return model_input["a"].to_numpy() / model_input["b"].to_numpy()


mlflow.models.set_model(Ratio())
