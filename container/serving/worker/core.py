"""Requests through a model: opened, computed and finished.

Where a GPU computes, or several cores, each step has a thread of its own, so that the others go on
meanwhile. A worker with one core takes them in turn: threads there would only take it from each
other, which costs a tenth of what the model does.

What is small is opened where it is received. What is large has another thread for that: tokenizing
some megabytes takes seconds, and those of whitespace half a minute, which nobody else is to wait
for.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import groupby
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ..errors import Broken, OutOfMemory, PredictionError, RequestError
from ..frames import Channel, Head
from ..logs import request_fields
from ..model_metrics import ModelMetrics
from ..servable import Request, Servable, Session, Stream
from .budget import Budget
from .queue import Entry, FairQueue, Task

_log = logging.getLogger("serving.worker")

BEAT_SECONDS = 0.5
_LARGE = 2**18  # bytes of a body
CANARY = -1
"""The id of the front's question whether the model still answers its own example."""


class Core:
    """Answers the front's frames with what the model makes of them.

    Args:
        servable: the model.
        channel: to the front.
        batch_seconds: how long a batch should take.
        overlap: give each step a thread of its own.
    """

    def __init__(
        self, servable: Servable, channel: Channel, *, batch_seconds: float, overlap: bool
    ) -> None:
        self._model = servable
        self._channel = channel
        self._budget = Budget(batch_seconds)
        self._overlap = overlap
        self._large: SimpleQueue[Task | None] = SimpleQueue()
        self._queue = FairQueue()
        self._done: SimpleQueue[Task | None] = SimpleQueue()
        self._tasks: dict[int, Task] = {}
        self._sessions: dict[str, Session] = {}
        self._computing_since: float | None = None
        self._model_metrics = ModelMetrics()  # since the last beat
        self._counting = Lock()
        self._told_to_stop = False
        self._stopped = Event()

    def run(self) -> None:
        """Work until the front says stop, which it does when every request has its answer.

        Raises:
            ConnectionError: when the front is gone.
            Broken, BaseException: what ended one of the threads.
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
        """Receive and open what has come, compute a batch and finish it, and so on."""
        while not self._queue.over:
            # A large body may have been opened meanwhile: that and the end wake what waits.
            while frames := self._channel.receive(wait=self._queue.empty):
                for head, body in frames:
                    self._take(head, body)
                self._channel.flush()
            if batch := self._queue.take(self._budget.tokens, wait=False):
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
        request = Request(
            body,
            head.get("content_type"),
            head.get("accept"),
            head.get("custom_attributes"),
            head.get("inference_id"),
            session,
        )
        if head["id"] == CANARY:
            assert self._model.example is not None  # noqa: S101 - the front asks only where it is
            request = self._model.example
        task = Task(head["id"], request, head.get("log", {}), alone=head.get("alone", False))
        self._tasks[task.id] = task
        if len(body) > _LARGE:
            self._large.put(task)
        else:
            self._guarded(task, self._open)

    def _open_large(self) -> None:
        while (task := self._large.get()) is not None:
            if not task.over:
                self._guarded(task, self._open)
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
        while batch := self._queue.take(self._budget.tokens):
            self._compute_next(batch)
        self._done.put(None)

    def _compute_next(self, batch: Sequence[Entry]) -> None:
        task = batch[0][0]
        self._computing_since = time.monotonic()
        if task.stream is not None:
            self._guarded(task, self._advance)
        else:
            self._compute(batch)
        self._computing_since = None

    def _compute(self, batch: Sequence[Entry]) -> None:
        """Compute a batch; where it fails, in halves, until each request to blame is alone."""
        batch = [entry for entry in batch if not entry[0].over]
        if not batch:
            return
        tokens = sum(task.job.costs[index] for task, index in batch)
        started = time.monotonic()
        try:
            results = self._model.forward([task.job.items[index] for task, index in batch])
            _check_count(results, batch)
        except Broken:
            raise
        except OutOfMemory as error:
            self._budget.out_of_memory(tokens)
            _log.warning("out of memory with a batch of %s tokens; the next are halved", tokens)
            if len(batch) == 1:
                self._fail(batch[0][0], error)
            else:
                self._compute(batch[: len(batch) // 2])
                self._compute(batch[len(batch) // 2 :])
        except Exception as error:  # noqa: BLE001 - the model's code may raise anything
            self._blame(batch, error)
        else:
            seconds = time.monotonic() - started
            self._budget.learn(tokens, seconds)
            self._tell_batch(tokens, seconds, len(batch))
            for (task, index), result in zip(batch, results, strict=True):
                task.results[index] = result
                task.left -= 1
                if not task.left:
                    self._complete(task)

    def _blame(self, batch: Sequence[Entry], error: Exception) -> None:
        by_task = sorted(batch, key=lambda entry: entry[0].id)
        groups = [list(entries) for _, entries in groupby(by_task, key=lambda entry: entry[0].id)]
        if len(groups) == 1:
            self._fail(batch[0][0], error)
            return
        half = len(groups) // 2
        self._compute([entry for group in groups[:half] for entry in group])
        self._compute([entry for group in groups[half:] for entry in group])

    def _tell_batch(self, tokens: int, seconds: float, items: int) -> None:
        head = {"kind": "batch", "tokens": tokens, "seconds": seconds, "items": items}
        head |= {"seconds_per_token": self._budget.seconds_per_token}
        head |= {"measured": min(self._budget.measured, 2**53)}
        # One at a time, where requests are not mixed.
        next_tokens = self._budget.tokens if self._model.mixes else 1
        self._channel.post(head | {"next_tokens": next_tokens})

    def _complete(self, task: Task) -> None:
        """Finish a task whose items all have results, or have it finished."""
        if self._overlap:
            self._done.put(task)
        elif not task.over:
            self._guarded(task, self._finish)

    def _finish_all(self) -> None:
        while (task := self._done.get()) is not None:
            if not task.over:
                self._guarded(task, self._finish)
            if self._done.empty():
                self._channel.flush()
        self._channel.flush()

    def _finish(self, task: Task) -> None:
        response = self._model.finish(task.job, task.results)
        head: Head = {"kind": "answer", "id": task.id, "content_type": response.content_type}
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
        # Those of a batch leave together: a system call each would cost more than they wait.
        self._channel.post(head, response.body)
        self._close(task)

    def _advance(self, task: Task) -> None:
        """Send a stream's next chunk, and let the others have their turn."""
        assert task.stream is not None  # noqa: S101 - for the type checker alone
        chunk = next(task.stream, None)
        if chunk is None:
            self._channel.send({"kind": "chunk", "id": task.id})
            self._close(task)
        else:
            self._channel.send({"kind": "chunk", "id": task.id, "more": True}, chunk)
            self._queue.add(task, [sum(task.job.costs)], whole=True)

    def _guarded(self, task: Task, step: Callable[[Task], None]) -> None:
        """Take a step; what it raises is the answer."""
        request_fields.set(task.log)
        try:
            step(task)
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - the model's code may raise anything
            self._fail(task, error)

    def _fail(self, task: Task, error: Exception) -> None:
        refusal = error if isinstance(error, RequestError) else _models_fault(error)
        if refusal is not error:
            request_fields.set(task.log)
            _log.error("the model failed", exc_info=error)
        head = {"kind": "error", "id": task.id, "status": refusal.status, "code": refusal.code}
        head |= {"message": refusal.message, "where": refusal.where, "headers": refusal.headers}
        self._channel.send(head)
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
        head: Head = {"kind": "beat", "computing_since": self._computing_since}
        if model_metrics.texts:
            head["model_metrics"] = asdict(model_metrics)
        with suppress(OSError):  # the thread that receives sees it too
            self._channel.send(head)


def _check_count(results: Sequence[object], batch: Sequence[Entry]) -> None:
    if len(results) != len(batch):
        raise PredictionError(f"it gave {len(results)} results for {len(batch)} items")


def _models_fault(error: Exception) -> RequestError:
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
