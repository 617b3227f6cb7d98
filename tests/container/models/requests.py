"""Requests through a Servable, and an engine to make one of."""

import json
from collections.abc import Sequence
from typing import Any

from berth_serving.errors import PredictionError, RequestError
from berth_serving.servable import EncodedText, Request, Response, Servable, Stream


def ask(model: Servable, body: object, content_type: str | None = None, **more: Any) -> Any:
    """Have a model answer one request, by itself; a body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    job = model.open(Request(content, content_type, **more))
    return model.finish(job, model.forward(job.items) if job.items else [])


def value(answer: Any) -> Any:
    """What an answer in JSON holds."""
    assert isinstance(answer, Response)
    assert answer.content_type == "application/json"
    return json.loads(answer.body)


def predictions(answer: Any) -> Any:
    return value(answer)["predictions"]


def chunks(answer: Any) -> list[bytes]:
    assert isinstance(answer, Stream)
    return list(answer.chunks)


def together(model: Servable, *bodies: object) -> list[Response | Stream | Exception]:
    """Have a model answer several requests of which all items share one batch."""
    jobs = [model.open(Request(json.dumps(body).encode())) for body in bodies]
    results = list(model.forward([item for job in jobs for item in job.items]))
    answers: list[Response | Stream | Exception] = []
    for job in jobs:
        own, results = results[: len(job.items)], results[len(job.items) :]
        try:
            answers.append(model.finish(job, own))
        except (RequestError, PredictionError) as error:
            answers.append(error)
    return answers


def in_windows(text: str) -> EncodedText:
    """A text in windows of three characters."""
    items = [text[start : start + 3] for start in range(0, len(text), 3)]
    return EncodedText(text, items, [len(item) for item in items], len(text), text.count("?"))


class UpperEngine:
    """A text engine: upper case, window by window. It writes down its batches."""

    labels = ("PER", "LOC")

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.encoded: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        self.encoded.append(list(texts))
        return [in_windows(text) for text in texts]

    def forward(self, items: Sequence[str]) -> list[str]:
        self.batches.append(list(items))
        if "!!!" in items:
            raise ValueError("a window that the engine does not stand")
        return [item.upper() for item in items]

    def finish(self, encoded: EncodedText, results: Sequence[str]) -> str:
        assert len(results) == len(encoded.items)
        return "".join(results)

    def entropy(self, results: Sequence[str]) -> float | None:
        return None
