"""The interface of a loaded model, whatever kind of folder it came from.

A request is opened (decoded, tokenized), its items are computed in batches that it may share with
other requests, and the results are finished (post-processed, encoded). Each of these steps runs in
a thread of its own, so that they overlap; `open` has a second thread for large bodies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model_metrics import ModelMetrics

JSON = "application/json"


@dataclass(slots=True)
class Session:
    """The state of a stateful session.

    The model may fill `data`; it sets `closed` to end the session with the present response.
    """

    id: str
    data: dict[str, Any] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a model gets it."""

    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """An opened request: its items, their costs in tokens, and the context for `finish`."""

    items: Sequence[Any]
    costs: Sequence[int]
    context: Any = None


@dataclass(frozen=True, slots=True)
class EncodedText:
    """A text as the items that are computed (windows of a long text), and their costs in tokens.

    `tokens` and `unknown_tokens` are 0 if the server does not tokenize.
    """

    text: str
    items: Sequence[Any]
    costs: Sequence[int]
    tokens: int = 0
    unknown_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; that of a text model has model metrics."""

    body: bytes
    content_type: str = JSON
    model_metrics: ModelMetrics | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A response in chunks; the iterator runs in the thread of `forward`."""

    chunks: Iterator[bytes]
    content_type: str


class Servable(Protocol):
    """A loaded model.

    Attributes:
        mixes: whether `forward` takes the items of several requests at once; if it does not, it
            gets all items of one request.
        example: a request that the model must be able to predict, which is sent again and again
            to check that it still is.
    """

    mixes: bool
    example: Request | None

    def open(self, request: Request) -> Job:
        """Decode the request into items; RequestError if it is wrong.

        A job without items is finished without a call of `forward`.
        """

    def forward(self, items: Sequence[Any]) -> Sequence[Any]:
        """Compute a result for each item; no item's result depends on the others.

        Raises:
            Exception: the batch fails; it is halved until the request to blame is alone.
            OutOfMemory: the batch is too large; it is halved, and later ones are smaller.
            Broken: the process can compute nothing any more.
        """

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        """Make the response from the results of all items, in their order."""
