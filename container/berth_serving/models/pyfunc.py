"""MLflow's pyfunc models. This module imports MLflow, which takes seconds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from ..codecs.media import Format, body_format, response_format
from ..codecs.plain import dumps, rows_of
from ..codecs.responses import encode
from ..config import Settings
from ..errors import LoadError, PredictionError
from ..model_metrics import ModelMetrics
from ..servable import EncodedText, Job, Request, Response, Servable, Stream
from . import faults, scoring
from .classifier import engine_of
from .flavours import encoder_of
from .folder import default_accept, example_in
from .text_model import TextModel, cost_of


def load_pyfunc(settings: Settings) -> Servable:
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
            default_accept=accept,
            example=example_in(settings.model_dir),
        )
    model = PyfuncModel(settings.model_dir, default_accept=accept)
    column = model.signature.text_column
    if (hooks := _hooks(model.loaded)) is not None:
        folder, decode = hooks
        engine: Any = engine_of(folder, settings, decode)
    elif settings.batch_requests:
        engine = RowEngine(model)
        if column is None and model.signature.schema:
            raise LoadError(
                "BERTH_BATCH_REQUESTS=1 needs a model of one column of strings, and this one's "
                f"signature is {' '.join(str(model.signature.schema).split())[:200]}"
            )
    else:
        return model
    return TextModel(
        engine, column=column or "text", whole=model, default_accept=accept, example=model.example
    )


_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class _Streamed:
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
            return Job([_Streamed(data)], [cost_of(request.body)], wanted)
        if data.texts == 0:
            return Job((), (), wanted)
        return Job([data], [cost_of(request.body)], wanted)

    def forward(self, items: Sequence["scoring.Input | _Streamed"]) -> list[Any]:
        """Predict for each request; of a stream, make the first chunk, while a status can tell."""
        return [
            self._begun(item.data) if isinstance(item, _Streamed) else self.predict(item)
            for item in items
        ]

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        """Encode the predictions; a list of predictions of texts is counted."""
        predictions: Any = results[0] if results else []
        if any(isinstance(item, _Streamed) for item in job.items):
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

    def predict(self, data: scoring.Input) -> Any:
        """Predict; RequestError if the model refuses its input, or another error if it fails."""
        try:
            return self.loaded.predict(data.data, params=data.params)
        except Exception as error:
            raise _fault(error) from error

    def _begun(self, data: scoring.Input) -> Iterator[bytes]:
        try:
            made = iter(self.loaded.predict_stream(data.data, params=data.params))
            first = list(islice(made, 1))
        except Exception as error:
            raise _fault(error) from error
        # As MLflow's agent server writes them.
        events = (b"data: " + dumps(_plain_event(chunk)) + b"\n\n" for chunk in chain(first, made))
        return chain(events, [b"data: [DONE]\n\n"])


def _plain_event(chunk: Any) -> Any:
    """A chunk of a stream as JSON has it; pydantic's models by their fields."""
    return chunk.model_dump(exclude_none=True) if hasattr(chunk, "model_dump") else chunk


class RowEngine:
    """A TextEngine that computes the rows of several requests in one call of `predict`."""

    labels: Sequence[str] = ()

    def __init__(self, model: PyfuncModel) -> None:
        self._model = model

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Make each text one item, whose tokens are not counted."""
        return [EncodedText(text, [text], [len(text) // 4 + 1]) for text in texts]

    def forward(self, items: Sequence[str]) -> list[Any]:
        """Predict for all rows; PredictionError if there is not one prediction for each."""
        predictions = self._model.predict(scoring.of_texts(list(items), self._model.signature))
        is_one = isinstance(predictions, str | bytes | dict) or not hasattr(predictions, "__len__")
        rows = [] if is_one else rows_of(predictions)
        if len(rows) != len(items):
            raise PredictionError(
                f"predict returned {'no list' if is_one else len(rows)} for {len(items)} rows; "
                "with BERTH_BATCH_REQUESTS=1 it must return one prediction for each"
            )
        return rows

    def finish(self, encoded: EncodedText, results: Sequence[Any]) -> Any:  # noqa: ARG002
        """Return the row's prediction."""
        return results[0]


def _hooks(loaded: Any) -> tuple[Path, Callable[..., Any]] | None:
    """Return the classifier's folder and `decode`, if the model offers them to the server."""
    try:
        model = loaded.unwrap_python_model()
    except MlflowException:  # the model is not a PythonModel
        return None
    if not (hasattr(model, "classifier") and callable(getattr(model, "decode", None))):
        return None
    return Path(model.classifier), model.decode


def _fault(error: Exception) -> Exception:
    if isinstance(error, MlflowException) and (refusal := scoring.bad_input(error)) is not None:
        return refusal
    return faults.of_the_machine(error) or PredictionError(type(error).__name__)
