"""Models of texts, whose engine computes items of many requests at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..codecs.media import Format, body_format, response_format
from ..codecs.responses import encode
from ..codecs.text_bodies import read_texts
from ..errors import PredictionError, RequestError, wrong_schema
from ..model_metrics import ModelMetrics
from ..servable import EncodedText, Job, Request, Response


class TextEngine(Protocol):
    """Computes predictions of texts; each step runs in a thread of its own."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels of entities that it may find, or of classes, if they are known."""

    def encode(self, texts: Sequence[str]) -> Sequence[EncodedText]:
        """Encode each text."""

    def forward(self, items: Sequence[Any]) -> Sequence[Any]:
        """Compute a result for each item, which does not depend on the other items."""

    def finish(self, encoded: Any, results: Sequence[Any]) -> Any:
        """Make the prediction of one text from the results of its items."""

    def entropy(self, results: Sequence[Any]) -> float | None:
        """The entropy of a text's class, in bits, by the results of its items.

        None where a text is not of one of several classes.
        """


class WholeRequestPredictor(Protocol):
    """Predicts for requests other than plain texts, one request at a time."""

    def read(self, body: bytes, given: Format) -> Any:
        """Read a body as the input of `predict`."""

    def predict(self, data: Any) -> Any:
        """Compute the predictions of a request."""


@dataclass(frozen=True, slots=True)
class _Alone:
    """The only item of a request that is not plain texts."""

    data: Any


@dataclass(frozen=True, slots=True)
class _Opened:
    wanted: Format
    texts: Sequence[EncodedText] | None
    """None if the request is not plain texts."""


class TextModel:
    """A Servable that makes a prediction for each text.

    Args:
        engine: computes the predictions.
        column: the name of the texts in records and tables.
        whole: predicts for other requests; without it, they are refused.
        default_accept: the response type if the client leaves it open.
        example: the model's own example.
    """

    mixes = True

    def __init__(
        self,
        engine: TextEngine,
        *,
        column: str = "text",
        whole: WholeRequestPredictor | None = None,
        default_accept: str | None = None,
        example: Request | None = None,
    ) -> None:
        self.example = example
        self._engine = engine
        self._column = column
        self._whole = whole
        self._default_accept = default_accept

    def open(self, request: Request) -> Job:
        """Read the texts of a request and encode them for the engine."""
        given = body_format(request.content_type)
        wanted = response_format(request.accept, body=given.kind, default=self._default_accept)
        texts = self._texts(request.body, given)
        if texts is None:
            return self._open_alone(request.body, given, wanted)
        encoded = self._engine.encode(texts) if texts else []
        items = [item for text in encoded for item in text.items]
        costs = [cost for text in encoded for cost in text.costs]
        return Job(items, costs, _Opened(wanted, encoded))

    def forward(self, items: Sequence[Any]) -> Sequence[Any]:
        """Compute the texts in one batch, and other requests one by one."""
        shared = [item for item in items if not isinstance(item, _Alone)]
        results = self._engine.forward(shared) if shared else []
        if len(results) != len(shared):
            raise PredictionError(f"{len(results)} results for {len(shared)} items")
        if len(shared) == len(items):
            return results
        rest = iter(results)
        return [
            self._predict_alone(item) if isinstance(item, _Alone) else next(rest) for item in items
        ]

    def finish(self, job: Job, results: Sequence[Any]) -> Response:
        """Make the prediction of each text, and the response of all."""
        opened: _Opened = job.context
        if opened.texts is None:
            (predictions,) = results
            if isinstance(predictions, Exception):
                raise predictions
            bare = getattr(job.items[0].data, "bare", False)
            return encode(predictions, opened.wanted, bare=bare)
        by_text = _by_text(opened.texts, results)
        predictions = _finish(self._engine, opened.texts, by_text)
        model_metrics = self._model_metrics(opened.texts, predictions, by_text)
        return replace(encode(predictions, opened.wanted), model_metrics=model_metrics)

    def _model_metrics(
        self,
        texts: Sequence[EncodedText],
        predictions: Sequence[Any],
        by_text: Sequence[Sequence[Any]],
    ) -> ModelMetrics:
        model_metrics = ModelMetrics()
        for text, each, results in zip(texts, predictions, by_text, strict=True):
            model_metrics.count(
                each,
                tokens=text.tokens,
                unknown_tokens=text.unknown_tokens,
                entropy=self._engine.entropy(results),
            )
        if model_metrics.classes:
            model_metrics.know(classes=self._engine.labels)
        elif model_metrics.entities or all(
            isinstance(each, list) and not each for each in predictions
        ):
            model_metrics.know(entities=self._engine.labels)
        return model_metrics

    def _texts(self, body: bytes, given: Format) -> list[str] | None:
        try:
            found = read_texts(body, given, self._column)
        except RequestError as error:
            if self._whole is None or error.code != "wrong_schema":
                raise
            return None
        if not found.params or (self._whole is not None and not found.texts):
            return found.texts
        if self._whole is None:
            raise wrong_schema("this model takes no params", where="params")
        return None

    def _open_alone(self, body: bytes, given: Format, wanted: Format) -> Job:
        assert self._whole is not None  # noqa: S101 - for the type checker alone
        data = self._whole.read(body, given)
        return Job([_Alone(data)], [cost_of(body)], _Opened(wanted, None))

    def _predict_alone(self, item: _Alone) -> Any:
        assert self._whole is not None  # noqa: S101 - for the type checker alone
        try:
            return self._whole.predict(item.data)
        except (RequestError, PredictionError) as error:
            # `finish` raises it for this request alone, so that the batch is not halved.
            return error


def cost_of(body: bytes) -> int:
    """Estimate the tokens of a body."""
    return len(body) // 4 + 1


@dataclass(frozen=True, slots=True)
class TextPredictor:
    """A text engine that handlers can call."""

    engine: TextEngine

    def __call__(self, texts: str | Sequence[str]) -> list[Any]:
        """Return a prediction for each text."""
        encoded = self.engine.encode([texts] if isinstance(texts, str) else list(texts))
        items = [item for text in encoded for item in text.items]
        results = self.engine.forward(items) if items else []
        return _finish(self.engine, encoded, _by_text(encoded, results))


def _by_text(texts: Sequence[EncodedText], results: Sequence[Any]) -> list[list[Any]]:
    rest = iter(results)
    return [[next(rest) for _ in text.items] for text in texts]


def _finish(
    engine: TextEngine, texts: Sequence[EncodedText], by_text: Sequence[Sequence[Any]]
) -> list[Any]:
    return [engine.finish(text, own) for text, own in zip(texts, by_text, strict=True)]
