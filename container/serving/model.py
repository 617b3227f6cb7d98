"""A loaded MLflow pyfunc that answers request bodies. Importing this imports MLflow: seconds."""

import logging
from pathlib import Path
from typing import Any

from mlflow import pyfunc
from mlflow.exceptions import MlflowException

from . import scoring
from .errors import LoadError, PredictionError, RequestError
from .media import JSON

_log = logging.getLogger(__name__)


class Model:
    """An MLflow model folder, loaded.

    Args:
        folder: checked already; its code is imported and its pickles are loaded.
    """

    def __init__(self, folder: Path) -> None:
        self._pyfunc = pyfunc.load_model(str(folder), suppress_warnings=True)
        self._signature = scoring.Signature.of(self._pyfunc.metadata)
        self._folder = folder

    def answer(self, body: bytes, media_type: str) -> bytes:
        """Answer the body of a request with the body of its answer, JSON.

        Raises:
            RequestError: 400 for a body that is malformed or not what the model takes.
            PredictionError: when the model fails, or returns what JSON cannot hold.
        """
        request = scoring.parse(body, media_type, self._signature)
        predictions = [] if request.texts == 0 else self._predict(request)
        try:
            return scoring.render(predictions)
        except Exception as error:
            raise PredictionError(f"its answer is not JSON: {scoring.one_line(error)}") from error

    def _predict(self, request: scoring.Input) -> Any:
        try:
            return self._pyfunc.predict(request.data, params=request.params)
        except MlflowException as error:
            if (refusal := scoring.bad_input(error)) is not None:
                raise refusal from error
            raise PredictionError(type(error).__name__) from error
        except Exception as error:
            raise PredictionError(type(error).__name__) from error

    def answer_its_example(self) -> None:
        """Answer the model's own input example the way that any request is answered.

        Raises:
            LoadError: when the model refuses it or fails on it.
        """
        example = self._folder / "serving_input_example.json"
        if not example.exists():
            _log.warning("the model has no input example: ready without having answered one")
            return
        try:
            self.answer(example.read_bytes(), JSON)
        except (RequestError, PredictionError) as error:
            reason = error.__cause__ or error
            raise LoadError(
                f"the model fails on its own {example.name}: "
                f"{type(reason).__name__}: {scoring.one_line(reason)}"
            ) from error
