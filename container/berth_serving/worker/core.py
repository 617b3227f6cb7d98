"""Takes requests through a model: each is opened, computed and finished.

Where a GPU or several cores compute, each step has a thread of its own, so that the steps overlap.
A worker with one core takes the steps in turn: threads would compete for the core, which costs a
tenth of the model's time.

A small body is opened where it is received, a large one by a separate thread: to tokenize some
megabytes takes seconds, and megabytes of white space half a minute.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ..errors import Broken, OutOfMemory, PredictionError, RequestError
from ..frames import Channel, Head
from ..in_work import InWork, Step
from ..logs import request_fields
from ..model_metrics import ModelMetrics
from ..servable import Request, Servable, Session, Stream
from .batches import Batches
from .queue import Entry, FairQueue, Task

_log = logging.getLogger("berth_serving.worker")

BEAT_SECONDS = 0.5
_LARGE = 2**18  # bytes of a body
CANARY = -1
"""The id of the request by which the front checks that the model still predicts its example."""


class Core:
    """Responds to the front's requests.

    Args:
        servable: the model.
        channel: the connection to the front.
        in_work: where the front sees what is in work.
        canary: the request by which the front checks that the model still works.
        batch_seconds: how long a batch should take.
        overlap: whether each step has a thread of its own.
    """

    def __init__(
        self,
        servable: Servable,
        channel: Channel,
        in_work: InWork,
        *,
        canary: Request | None,
        batch_seconds: float,
        overlap: bool,
    ) -> None:
        self._model = servable
        self._channel = channel
        self._in_work, self._canary = in_work, canary
        self._batches = Batches(
            servable,
            batch_seconds,
            in_work,
            on_batch=lambda facts: channel.post({"kind": "batch", **facts}),
            on_complete=self._complete,
            on_failure=self._fail,
        )
        self._overlap = overlap
        self._large: SimpleQueue[Task | None] = SimpleQueue()
        self._queue = FairQueue()
        self._done: SimpleQueue[Task | None] = SimpleQueue()
        self._tasks: dict[int, Task] = {}
        self._sessions: dict[str, Session] = {}
        self._model_metrics = ModelMetrics()  # since the last beat
        self._counting = Lock()
        self._told_to_stop = False
        self._stopped = Event()

    def run(self) -> None:
        """Work until the front sends `stop`, which it does when every request has its response.

        Raises:
            ConnectionError: when the front is gone.
            BaseException: the error that ended one of the threads.
        """
        ends: SimpleQueue[BaseException | None] = SimpleQueue()
        steps = [self._open_large]
        if self._overlap:
            steps += [self._receive_all, self._compute_all, self._finish_all]
        else:
            steps += [self._take_turns]
        for work in steps:
            Thread(target=_tell_end, args=(work, ends), name=work.__name__, daemon=True).start()
        Thread(target=self._beat, name="beat", daemon=True).start()
        for _ in steps:
            if (error := ends.get()) is not None:
                raise error
        self._stopped.set()
        self._send_beat()

    def _take_turns(self) -> None:
        """Receive and open requests, compute a batch and finish it, and so on."""
        while not self._queue.over:
            # The thread that opens large bodies wakes `receive` after each of them, and at the end.
            while frames := self._channel.receive(wait=self._queue.empty):
                for head, body in frames:
                    self._take(head, body)
                self._channel.flush()
            if batch := self._queue.take(self._batches.tokens, wait=False):
                self._compute_next(batch)
                self._channel.flush()

    def _receive_all(self) -> None:
        while not self._told_to_stop:
            for head, body in self._channel.receive():
                self._take(head, body)

    def _take(self, head: Head, body: bytes) -> None:
        match head["kind"]:
            case "request":
                self._accept(head, body)
            case "cancel":
                if (task := self._tasks.get(head["id"])) is not None:
                    self._close(task)
            case "forget":
                self._sessions.pop(head["session"], None)
            case _:  # stop
                self._told_to_stop = True
                self._large.put(None)

    def _accept(self, head: Head, body: bytes) -> None:
        session = None
        if (session_id := head.get("session")) is not None:
            session = self._sessions.setdefault(session_id, Session(session_id))
        headers = ("content_type", "accept", "custom_attributes", "inference_id")
        request = Request(body, **{name: head.get(name) for name in headers}, session=session)
        if head["id"] == CANARY:
            assert self._canary is not None  # noqa: S101 - else the front does not ask for it
            request = self._canary
        task = Task(head["id"], request, head.get("log", {}), alone=head.get("alone", False))
        self._tasks[task.id] = task
        if len(body) > _LARGE:
            self._large.put(task)
        else:
            self._guarded(task, self._open, Step.OPEN)

    def _open_large(self) -> None:
        while (task := self._large.get()) is not None:
            if not task.over:
                self._guarded(task, self._open, Step.OPEN_LARGE)
                self._channel.wake()
        self._queue.close()
        self._channel.wake()

    def _open(self, task: Task) -> None:
        task.job = self._model.open(task.request)
        task.left = len(task.job.items)
        task.results = [None] * task.left
        costs = [int(cost) for cost in task.job.costs]
        self._channel.post({"kind": "opened", "id": task.id, "tokens": sum(costs)})
        if costs:
            self._queue.add(task, costs, whole=task.alone or not self._model.mixes)
        else:
            self._complete(task)

    def _compute_all(self) -> None:
        while batch := self._queue.take(self._batches.tokens):
            self._compute_next(batch)
        self._done.put(None)

    def _compute_next(self, batch: Sequence[Entry]) -> None:
        task = batch[0][0]
        if task.stream is not None:
            self._guarded(task, self._advance, Step.COMPUTE)
        else:
            self._batches.compute(batch)

    def _complete(self, task: Task) -> None:
        """Finish a task whose items all have results, here or in the thread that finishes."""
        if self._overlap:
            self._done.put(task)
        elif not task.over:
            self._guarded(task, self._finish, Step.FINISH)

    def _finish_all(self) -> None:
        while (task := self._done.get()) is not None:
            if not task.over:
                self._guarded(task, self._finish, Step.FINISH)
            if self._done.empty():
                self._channel.flush()
        self._channel.flush()

    def _finish(self, task: Task) -> None:
        response = self._model.finish(task.job, task.results)
        head: Head = {"kind": "response", "id": task.id, "content_type": response.content_type}
        if isinstance(response, Stream):
            task.stream = response.chunks
            self._channel.send(head | {"more": True})
            self._queue.add(task, [sum(task.job.costs)], whole=True)
            return
        session = task.request.session
        if session is not None and session.closed:
            self._sessions.pop(session.id, None)
            head["session_closed"] = True
        if response.model_metrics is not None and task.id != CANARY:
            with self._counting:
                self._model_metrics.add(response.model_metrics)
        # The responses of a batch are sent together, as each system call costs more than the wait.
        self._channel.post(head, response.body)
        self._close(task)

    def _advance(self, task: Task) -> None:
        """Send the next chunk of a stream; other requests are computed before the one after it."""
        assert task.stream is not None  # noqa: S101 - for the type checker alone
        chunk = next(task.stream, None)
        if chunk is None:
            self._channel.send({"kind": "chunk", "id": task.id})
            self._close(task)
        else:
            self._channel.send({"kind": "chunk", "id": task.id, "more": True}, chunk)
            self._queue.add(task, [sum(task.job.costs)], whole=True)

    def _guarded(self, task: Task, work: Callable[[Task], None], step: Step) -> None:
        """Take a step; an error, also what `sys.exit` raises, becomes the response."""
        request_fields.set(task.log)
        self._in_work.begin(step, [task.id])
        try:
            work(task)
        except Broken:
            raise  # what was in work stays noted: it may be the cause
        except BaseException as error:  # noqa: BLE001 - the model's code may raise anything
            self._fail(task, error)
        self._in_work.end(step)

    def _fail(self, task: Task, error: BaseException) -> None:
        refusal = error if isinstance(error, RequestError) else _models_fault(error)
        if refusal is not error:
            request_fields.set(task.log)
            _log.error("the model failed", exc_info=error)
        self._channel.send({"kind": "error", "id": task.id, "error": refusal.fields()})
        self._close(task)

    def _close(self, task: Task) -> None:
        task.over = True
        self._tasks.pop(task.id, None)

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            self._send_beat()

    def _send_beat(self) -> None:
        with self._counting:
            model_metrics, self._model_metrics = self._model_metrics, ModelMetrics()
        head: Head = {"kind": "beat"}
        if model_metrics.texts:
            head["model_metrics"] = asdict(model_metrics)
        with suppress(OSError):  # the thread that receives has the same error
            self._channel.send(head)


def _models_fault(error: BaseException) -> RequestError:
    if isinstance(error, OutOfMemory):
        return RequestError(507, "out_of_memory", "this request alone is more than memory holds")
    said = str(error) if isinstance(error, PredictionError) else type(error).__name__
    return RequestError(500, "model_error", f"the model failed: {said}")


def _tell_end(work: Callable[[], None], ends: "SimpleQueue[BaseException | None]") -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - whatever ends a thread ends the process
        ends.put(error)
    else:
        ends.put(None)
