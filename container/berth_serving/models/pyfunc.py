"""MLflow's pyfunc models. This module imports MLflow, which takes seconds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlflow import pyfunc
from mlflow.exceptions import MlflowException

from ..codecs.media import Format, body_format, response_format
from ..codecs.responses import encode
from ..errors import PredictionError
from ..model_metrics import ModelMetrics
from ..servable import Job, Request, Response
from . import faults, scoring
from .folder import example_in
from .text_model import cost_of


class PyfuncModel:
    """A Servable that calls `predict` for each request, as MLflow's server does.

    Attributes:
        loaded: MLflow's model.
        signature: the signature of its input.
    """

    mixes = False

    def __init__(self, folder: Path, *, default_accept: str | None = None) -> None:
        self.loaded = pyfunc.load_model(str(folder), suppress_warnings=True)
        self.signature = scoring.Signature.of(self.loaded.metadata)
        self.example = example_in(folder)
        self._default_accept = default_accept

    def open(self, request: Request) -> Job:
        """Read a request as MLflow does; a request without texts has nothing to compute."""
        given = body_format(request.content_type)
        wanted = response_format(request.accept, body=given.kind, default=self._default_accept)
        data = self.read(request.body, given)
        if data.texts == 0:
            return Job((), (), wanted)
        return Job([data], [cost_of(request.body)], wanted)

    def forward(self, items: Sequence[scoring.Input]) -> list[Any]:
        """Predict for each request."""
        return [self.predict(item) for item in items]

    def finish(self, job: Job, results: Sequence[Any]) -> Response:
        """Encode the predictions; a list of predictions of texts is counted."""
        predictions = results[0] if results else []
        response = encode(predictions, job.context)
        of_texts = self.signature.text_column or any(item.texts for item in job.items)
        if not (of_texts and isinstance(predictions, list)):
            return response
        model_metrics = ModelMetrics()
        for prediction in predictions:
            model_metrics.count(prediction)
        return replace(response, model_metrics=model_metrics)

    def read(self, body: bytes, given: Format) -> scoring.Input:
        """Read a body of this type."""
        return scoring.read(body, given, self.signature)

    def predict(self, data: scoring.Input) -> Any:
        """Predict; RequestError if the model refuses its input, or another error if it fails."""
        try:
            return self.loaded.predict(data.data, params=data.params)
        except Exception as error:
            raise _fault(error) from error


def _fault(error: Exception) -> Exception:
    if isinstance(error, MlflowException) and (refusal := scoring.bad_input(error)) is not None:
        return refusal
    return faults.of_the_machine(error) or PredictionError(type(error).__name__)
