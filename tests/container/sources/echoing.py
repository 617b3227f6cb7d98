"""A model that returns its input, whatever that is."""

from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class Echoing(PythonModel):
    """Returns it."""

    def predict(self, model_input, params=None):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
        return model_input


set_model(Echoing())
