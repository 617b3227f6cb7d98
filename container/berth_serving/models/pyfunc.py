"""MLflow's pyfunc models. This module imports MLflow, which takes seconds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mlflow import pyfunc
from mlflow.exceptions import MlflowException

from ..codecs.media import Format, body_format, response_format
from ..codecs.plain import dumps
from ..codecs.responses import encode
from ..errors import PredictionError
from ..model_metrics import ModelMetrics
from ..servable import Job, Request, Response, Stream
from . import faults, scoring
from .folder import example_in
from .text_model import cost_of

_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Streamed:
    """A request whose response is what `predict_stream` yields."""

    data: scoring.Input


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
        self._streams = bool(self.loaded.metadata.flavors["python_function"].get("streamable"))

    def open(self, request: Request) -> Job:
        """Read a request as MLflow does; a request without texts has nothing to compute."""
        given = body_format(request.content_type)
        accept = (request.accept or "").partition(";")[0].strip().lower()
        streams = self._streams and accept == _EVENTS
        wanted = response_format(
            None if streams else request.accept, body=given.kind, default=self._default_accept
        )
        data = self.read(request.body, given)
        if self._streams and (streams or (data.bare and data.data.get("stream") is True)):
            return Job([Streamed(data)], [cost_of(request.body)], wanted)
        if data.texts == 0:
            return Job((), (), wanted)
        return Job([data], [cost_of(request.body)], wanted)

    def forward(self, items: Sequence["scoring.Input | Streamed"]) -> list[Any]:
        """Predict for each request."""
        return [self.predict(item) for item in items]

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        """Encode the predictions; a list of predictions of texts is counted."""
        predictions: Any = results[0] if results else []
        if any(isinstance(item, Streamed) for item in job.items):
            return Stream(predictions, _EVENTS)
        if any(item.bare for item in job.items):
            return encode(predictions, job.context, bare=True)
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

    def predict(self, item: "scoring.Input | Streamed") -> Any:
        """Predict, or make the first chunk of a stream, while a status can still tell of a failure.

        Raises RequestError if the model refuses its input, and another error if it fails.
        """
        try:
            if isinstance(item, Streamed):
                return _begun(self.loaded.predict_stream(item.data.data, params=item.data.params))
            return self.loaded.predict(item.data, params=item.params)
        except Exception as error:
            raise _fault(error) from error


def _begun(made: Iterable[Any]) -> Iterator[bytes]:
    chunks = iter(made)
    first = list(islice(chunks, 1))
    # As MLflow's agent server writes them.
    events = (b"data: " + dumps(_plain_event(chunk)) + b"\n\n" for chunk in chain(first, chunks))
    return chain(events, [b"data: [DONE]\n\n"])


def _plain_event(chunk: Any) -> Any:
    """A chunk of a stream as JSON has it; pydantic's models by their fields."""
    return chunk.model_dump(exclude_none=True) if hasattr(chunk, "model_dump") else chunk


def _fault(error: Exception) -> Exception:
    if isinstance(error, MlflowException) and (refusal := scoring.bad_input(error)) is not None:
        return refusal
    return faults.of_the_machine(error) or PredictionError(type(error).__name__)
