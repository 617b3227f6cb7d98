"""Requests through a worker's threads, over a real socket pair, with models of a few lines."""

import asyncio
import socket
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from berth_serving.errors import Broken, OutOfMemory, RequestError
from berth_serving.frames import Channel, Head
from berth_serving.in_work import InWork
from berth_serving.model_metrics import ModelMetrics
from berth_serving.servable import Job, Request, Response, Stream
from berth_serving.worker.core import CANARY, Core

pytestmark = pytest.mark.slow


class Upper:
    """Answers each word of a body in upper case; some words make it fail."""

    mixes = True
    example: Request | None = Request(b"example")

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.raises: dict[str, BaseException] = {}
        self.entered, self.gate = Event(), Event()
        self.gate.set()
        self.opening, self.opens = Event(), Event()  # a large body, which waits for the latter

    def open(self, request: Request) -> Job:
        if request.body == b"malformed":
            raise RequestError(400, "malformed", "it is")
        if len(request.body) > 300_000:
            self.opening.set()
            assert self.opens.wait(30)
        words = request.body.decode().split()
        return Job(words, [len(word) for word in words], request)

    def forward(self, items: Sequence[str]) -> Sequence[Any]:
        self.batches.append(list(items))
        self.entered.set()
        assert self.gate.wait(30)
        if "poison" in items:
            raise ValueError("a secret of the model")
        if (error := self.raises.get(" ".join(items))) is not None:
            raise error
        if "broken" in items:
            raise Broken("the GPU is lost")
        if len(items) > 2 and "large" in items:
            raise OutOfMemory
        return [item.upper() for item in items]

    def finish(self, job: Job, results: Sequence[Any]) -> Response | Stream:
        if job.context.session is not None:
            job.context.session.closed = results[0] == "CLOSE"
            job.context.session.data["seen"] = job.context.session.data.get("seen", 0) + 1
            return Response(str(job.context.session.data["seen"]).encode())
        if "STREAM" in results:
            return Stream((result.encode() for result in results), "text/plain")
        return Response(
            " ".join(results).encode(), model_metrics=ModelMetrics(len(results), entities={"A": 1})
        )


class Front:
    """The other end: sends requests, and reads frames until the answers wanted are there."""

    def __init__(self, connection: socket.socket, in_work: InWork, *, overlap: bool) -> None:
        self.in_work = in_work
        self._overlap = overlap
        self.channel = Channel(connection)
        connection.settimeout(60)  # an answer that never comes fails the test
        self.frames: list[tuple[Head, bytes]] = []

    def ask(self, number: int, body: str, **more: Any) -> None:
        self.channel.send({"kind": "request", "id": number, **more}, body.encode())

    def until(self, condition: Callable[[Head], bool]) -> tuple[Head, bytes]:
        while True:
            for frame in self.frames:
                if condition(frame[0]):
                    return frame
            self.frames += self.channel.receive()

    def until_opened(self, number: int) -> None:
        """Wait until it is opened; where steps take turns, that is before the next batch."""
        if self._overlap:
            self.until(lambda head: head["kind"] == "opened" and head["id"] == number)

    def answer(self, number: int) -> str:
        head, body = self.until(
            lambda head: head.get("id") == number and head["kind"] in {"response", "error"}
        )
        if head["kind"] == "response":
            return body.decode()
        return f"{head['error']['status']} {head['error']['code']}"


Work = Callable[[Upper], AbstractContextManager[Front]]


@pytest.fixture(params=[True, False], ids=["steps overlap", "steps take turns"])
def working(request: pytest.FixtureRequest) -> Work:
    return partial(_working, overlap=request.param)


@contextmanager
def _working(model: Upper, *, overlap: bool) -> Iterator[Front]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ended: list[BaseException | None] = []
        in_work = InWork()

        def run() -> None:
            try:
                Core(
                    model,
                    Channel(theirs),
                    in_work,
                    canary=model.example,
                    batch_seconds=0.05,
                    overlap=overlap,
                ).run()
            except BaseException as error:  # noqa: BLE001
                ended.append(error)
                theirs.shutdown(socket.SHUT_RDWR)

        thread = Thread(target=run, daemon=True)
        thread.start()
        front = Front(ours, in_work, overlap=overlap)
        yield front
        if not ended:
            front.channel.send({"kind": "stop"})
        thread.join(30)
        assert not thread.is_alive()


def fill(front: Front, model: Upper, bodies: list[str], **more: Any) -> None:
    """Have requests wait behind a first one, so that they are computed together."""
    model.gate.clear()
    front.ask(1000, "first")
    assert model.entered.wait(30)
    for number, body in enumerate(bodies):
        front.ask(number, body, **more)
        front.until_opened(number)
    model.gate.set()


def test_a_request_is_opened_computed_and_finished(working: Work) -> None:
    with working(Upper()) as front:
        front.ask(1, "ann lee")
        head, _ = front.until(lambda head: head["kind"] == "opened")
        assert (head["id"], head["tokens"]) == (1, 6)
        assert front.answer(1) == "ANN LEE"


def test_nobody_waits_for_a_large_body_to_be_opened(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        front.ask(1, "long" + " " * 400_000)
        assert model.opening.wait(30)
        front.ask(2, "short")
        assert front.answer(2) == "SHORT"
        model.opens.set()
        assert front.answer(1) == "LONG"


def test_a_large_body_that_is_being_opened_is_answered_before_the_end(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        front.ask(1, "long" + " " * 400_000)
        assert model.opening.wait(30)
        front.channel.send({"kind": "stop"})
        model.opens.set()
        assert front.answer(1) == "LONG"


def test_what_waits_while_the_model_is_busy_is_computed_together(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        fill(front, model, ["a", "bbb", "cc"])
        assert [front.answer(number) for number in range(3)] == ["A", "BBB", "CC"]
    assert model.batches == [["first"], ["a", "cc", "bbb"]]


def test_only_the_poisonous_request_of_a_batch_fails(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        fill(front, model, ["a", "bbb", "poison", "cc", "dd"])
        answers = [front.answer(number) for number in range(5)]
    assert answers == ["A", "BBB", "500 model_error", "CC", "DD"]
    messages = [head.get("error", {}).get("message", "") for head, _ in front.frames]
    assert "the model failed: ValueError" in messages
    assert not any("secret" in message for message in messages)


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()]
)
def test_whatever_a_model_raises_the_request_fails_alone_and_the_worker_goes_on(
    working: Work, error: BaseException
) -> None:
    model = Upper()
    model.raises["end"] = error
    with working(model) as front:
        front.ask(1, "end")
        assert front.answer(1) == "500 model_error"
        front.ask(2, "a")
        assert front.answer(2) == "A"


def test_what_is_computed_is_in_work_and_what_waits_is_not(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        model.gate.clear()
        front.ask(1, "first")
        assert model.entered.wait(30)
        front.ask(2, "second")
        front.until_opened(2)
        assert front.in_work.ids == {1}
        assert front.in_work.since > 0
        model.gate.set()
        front.answer(2)
    assert front.in_work.ids == set()
    assert front.in_work.since == 0


def test_a_large_body_that_is_opened_is_in_work(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        front.ask(1, "long" + " " * 400_000)
        assert model.opening.wait(30)
        assert front.in_work.ids == {1}
        model.opens.set()
        front.answer(1)


def test_a_request_that_is_refused_never_comes_to_the_model(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        front.ask(1, "malformed")
        assert front.answer(1) == "400 malformed"
    assert model.batches == []


def test_a_batch_that_does_not_fit_into_memory_is_halved(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        fill(front, model, ["a", "large", "bb", "ccc"])
        assert [front.answer(number) for number in range(4)] == ["A", "LARGE", "BB", "CCC"]


@pytest.mark.parametrize("error", [OutOfMemory, ValueError])
def test_halves_are_computed_when_nothing_holds_what_the_whole_had_allocated(
    working: Work, error: type[Exception]
) -> None:
    class Activations:
        pass

    class Model(Upper):
        allocated: list[weakref.ref[Activations]] = []  # noqa: RUF012
        alive: list[int] = []  # noqa: RUF012

        def forward(self, items: Sequence[str]) -> Sequence[Any]:
            self.alive.append(sum(each() is not None for each in self.allocated))
            activations = Activations()
            self.allocated.append(weakref.ref(activations))
            if len(items) > 1:
                raise error
            return super().forward(items)

    model = Model()
    with working(model) as front:
        fill(front, model, ["a", "bb", "ccc", "dddd"])
        assert [front.answer(number) for number in range(4)] == ["A", "BB", "CCC", "DDDD"]
    assert set(model.alive) == {0}


def test_what_nobody_waits_for_is_not_computed(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        model.gate.clear()
        front.ask(1, "first")
        assert model.entered.wait(30)
        front.ask(2, "gone")
        front.until_opened(2)
        front.channel.send({"kind": "cancel", "id": 2})
        front.ask(3, "stays")
        front.until_opened(3)
        model.gate.set()
        assert front.answer(3) == "STAYS"
    assert model.batches == [["first"], ["stays"]]


def test_a_request_that_may_have_killed_a_worker_shares_no_batch(working: Work) -> None:
    model = Upper()
    with working(model) as front:
        fill(front, model, ["a", "b"], alone=True)
        assert [front.answer(number) for number in range(2)] == ["A", "B"]
    assert model.batches == [["first"], ["a"], ["b"]]


def test_a_model_that_does_not_mix_is_given_one_request_at_a_time(working: Work) -> None:
    model = Upper()
    model.mixes = False
    with working(model) as front:
        fill(front, model, ["a b", "cc"])
        assert [front.answer(number) for number in range(2)] == ["A B", "CC"]
    assert model.batches == [["first"], ["a", "b"], ["cc"]]


def test_a_stream_is_sent_chunk_by_chunk(working: Work) -> None:
    with working(Upper()) as front:
        front.ask(1, "stream of words")
        front.until(lambda head: head["kind"] == "chunk" and not head.get("more"))
    sent = [body for head, body in front.frames if head.get("more") or head["kind"] == "chunk"]
    assert sent == [b"", b"STREAM", b"OF", b"WORDS", b""]


def test_a_session_has_its_state_until_it_is_closed(working: Work) -> None:
    with working(Upper()) as front:
        for number, body in enumerate(["a", "b", "close", "d"]):
            front.ask(number, body, session="s")
            assert front.answer(number) == ["1", "2", "3", "1"][number]
    closed = [head["id"] for head, _ in front.frames if head.get("session_closed")]
    assert closed == [2]


def test_the_canary_is_the_models_own_example(working: Work) -> None:
    with working(Upper()) as front:
        front.ask(CANARY, "")
        assert front.answer(CANARY) == "EXAMPLE"


def test_beats_tell_what_was_answered_but_for_the_canary_and_what_failed(working: Work) -> None:
    def told() -> ModelMetrics:
        model_metrics = ModelMetrics()
        for head, _ in front.frames:
            if "model_metrics" in head:
                model_metrics.add(ModelMetrics(**head["model_metrics"]))
        return model_metrics

    with working(Upper()) as front:
        for number, body in [(1, "ann lee"), (CANARY, ""), (2, "poison"), (3, "bo")]:
            front.ask(number, body)
            front.answer(number)
        front.channel.send({"kind": "stop"})
        # The last of what was answered comes with a beat of its own, before the end.
        front.until(lambda _: told().texts >= 3)
    assert told() == ModelMetrics(texts=3, entities={"A": 2})


def test_a_model_that_can_compute_no_more_ends_the_worker(working: Work) -> None:
    with working(Upper()) as front:
        front.ask(1, "broken")
        with pytest.raises(ConnectionError):
            front.until(lambda _: False)
        assert front.in_work.ids == {1}  # the cause


@pytest.mark.parametrize("body", ["", "   "])
def test_a_request_without_items_is_answered_without_the_model(working: Work, body: str) -> None:
    model = Upper()
    with working(model) as front:
        front.ask(1, body)
        assert front.answer(1) == ""
    assert model.batches == []
