"""The interface of a loaded model, whatever kind of folder it came from.

A request is opened (decoded, tokenized), its items are computed in batches that it may share with
other requests, and what came of them is finished (post-processed, encoded). The three steps run in
threads of their own, so that they overlap: each is only ever called from its one thread, but for
`open`, which has a second one for large bodies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model_metrics import ModelMetrics

JSON = "application/json"


@dataclass(slots=True)
class Session:
    """The state that a stateful session keeps between its requests.

    `data` is the model's to fill; setting `closed` ends the session with the present response.
    """

    id: str
    data: dict[str, Any] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a model gets it: the body and the headers that concern it."""

    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """An opened request: its items, what each costs in tokens, and what `finish` needs to know."""

    items: Sequence[Any]
    costs: Sequence[int]
    context: Any = None


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response, with model metrics if the model is one of texts."""

    body: bytes
    content_type: str = JSON
    model_metrics: ModelMetrics | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A response in chunks; the iterator is advanced in the thread where `forward` runs."""

    chunks: Iterator[bytes]
    content_type: str


class Servable(Protocol):
    """A loaded model.

    Attributes:
        mixes: whether `forward` may be given items of several requests at once. When it may not,
            it is given all the items of one.
        example: a request that the model must be able to answer; it is asked again and again to
            prove that it still does. None where the model's folder has none.
    """

    mixes: bool
    example: Request | None

    def open(self, request: Request) -> Job:
        """Decode the request into items. A job without items is finished without `forward`.

        Raises:
            RequestError: for what the client has done wrong.
        """

    def forward(self, items: Sequence[Any]) -> Sequence[Any]:
        """Compute a result for each item; no item's result depends on the others.

        Raises:
            RequestError, Exception: of the batch; it is halved until what is to blame is alone.
            OutOfMemory: the batch is too large; it is halved, and smaller ones are made from now.
            Broken: nothing can be computed any more in this process.
        """

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        """Make the response from the results of all items, in their order.

        Raises:
            RequestError, PredictionError: for what goes wrong.
        """
