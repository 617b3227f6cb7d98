"""MLflow's folders: which Servable serves one. This module imports MLflow, which takes seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import Model

from ..codecs.media import Format
from ..config import Settings
from ..servable import Servable
from . import scoring
from .classifier import engine_of
from .flavours import encoder_of
from .folder import default_accept, example_in
from .pyfunc import PyfuncModel
from .rows import RowWiseModel
from .text_model import TextModel


def load_mlflow(settings: Settings) -> Servable:
    """Load an MLflow model folder: for the server's engine, where it has one for it or hooks."""
    accept = default_accept(settings)
    metadata = Model.load(str(settings.model_dir))
    signature = scoring.Signature.of(metadata)
    takes_texts = signature.text_column is not None or not signature.schema
    encoder = None
    if takes_texts and metadata.get_params_schema() is None:
        encoder = encoder_of(metadata, settings)
    if encoder is not None:
        return TextModel(
            encoder,
            column=signature.text_column or "text",
            whole=LoadedWhenAsked(settings.model_dir, signature),
            default_accept=accept,
            example=example_in(settings.model_dir),
        )
    kind = RowWiseModel if settings.batch_requests else PyfuncModel
    model = kind(settings.model_dir, default_accept=accept)
    if (hooks := _hooks(model.loaded)) is None:
        if isinstance(model, RowWiseModel):
            model.check()
        return model
    folder, decode = hooks
    return TextModel(
        engine_of(folder, settings, decode),
        column=model.signature.text_column or "text",
        whole=model,
        default_accept=accept,
        example=model.example,
    )


class LoadedWhenAsked:
    """MLflow's model beside the server's engine, for requests that are not plain texts.

    It is loaded by the first of them: most endpoints get none, and it takes the memory of the
    weights once more.
    """

    def __init__(self, folder: Path, signature: scoring.Signature) -> None:
        self._folder, self._signature = folder, signature
        self._model: PyfuncModel | None = None

    def read(self, body: bytes, given: Format) -> scoring.Input:
        """Read a body of this type."""
        return scoring.read(body, given, self._signature)

    def predict(self, data: scoring.Input) -> Any:
        """Predict as `PyfuncModel.predict` does."""
        if self._model is None:
            self._model = PyfuncModel(self._folder)
        return self._model.predict(data)


def _hooks(loaded: Any) -> tuple[Path, Callable[..., Any]] | None:
    """Return the classifier's folder and `decode`, if the model offers them to the server."""
    try:
        model = loaded.unwrap_python_model()
    except MlflowException:  # the model is not a PythonModel
        return None
    if not (hasattr(model, "classifier") and callable(getattr(model, "decode", None))):
        return None
    return Path(model.classifier), model.decode
