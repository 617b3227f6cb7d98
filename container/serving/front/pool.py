"""The workers of one model: calls are shared out, and a worker that ends or hangs is replaced."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from itertools import count
from typing import Any

from ..config import Settings
from ..errors import RequestError, unavailable
from .admission import Estimate, admit
from .call import Call, Reply
from .metrics import Metrics
from .process import WorkerProcess
from .suspects import Suspects

_log = logging.getLogger("serving.pool")

TICK_SECONDS = 0.25
_PATIENCE_SECONDS = 4.0
_MOST_STARTS = 5  # that come to nothing, one after another


class Pool:
    """Workers that each have the model.

    Args:
        settings: of the server.
        environments: of the workers, one each.
        metrics: to count in.
        on_failure: called when no worker can be kept alive; `failure` then says why.
    """

    def __init__(
        self,
        settings: Settings,
        environments: Sequence[Mapping[str, str]],
        *,
        metrics: Metrics,
        on_failure: Callable[["Pool"], None],
    ) -> None:
        self.failure: str | None = None
        self.started = asyncio.Event()
        """Set when the first worker is ready, or it has failed."""
        self._settings = settings
        self._metrics = metrics
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._size = len(environments)
        self._workers: dict[WorkerProcess, Mapping[str, str]] = {}
        self._waiting: dict[int, Call] = {}  # in the order in which they came
        self._waiting_tokens = 0.0
        self._suspects = Suspects()
        self._numbers = count()
        self._estimate = Estimate()
        self._bytes = 0
        self._was_ready = False
        self._vain_starts = 0
        self._load_seconds = 0.0
        self._stopping = False
        for environment in environments:
            self._spawn(environment)
        self._watching = asyncio.ensure_future(self._watch())

    @property
    def ready(self) -> bool:
        """Whether calls are taken."""
        return self._was_ready and self.failure is None

    @property
    def healthy(self) -> bool:
        """Whether a worker has lately proved that it can answer."""
        return any(worker.is_proved(self._patience) for worker in self._workers)

    @property
    def size(self) -> int:
        """How many workers there are."""
        return max(1, len(self._workers))

    @property
    def calls(self) -> int:
        """How many calls have no answer yet."""
        waiting = len(self._waiting) + len(self._suspects.waiting)
        return waiting + sum(len(worker.calls) for worker in self._workers)

    @property
    def tokens(self) -> float:
        """What they cost together."""
        waiting = self._waiting_tokens + self._suspects.tokens
        return waiting + sum(worker.tokens for worker in self._workers)

    @property
    def seconds_per_byte(self) -> float:
        """What a byte of a body costs; 0 while nothing is known."""
        return self._estimate.tokens(2**20) / 2**20 * self._seconds_per_token

    def check(self, size: int, left: float) -> None:
        """Check that a body of `size` bytes would be taken now, with `left` seconds to do it.

        Raises:
            RequestError: 503.
        """
        if not self.ready or self._stopping:
            raise unavailable("not_ready", "the model is not ready")
        if self._bytes and self._bytes + size > self._settings.max_queue_bytes:
            raise unavailable("busy", f"bodies of {self._bytes} bytes are waiting")
        ready = [worker for worker in self._workers if worker.ready]
        admit(
            tokens=self._estimate.tokens(size),
            waiting=self.tokens / max(1, len(ready)),
            most=self._settings.max_queue_tokens,
            measured=max((worker.measured for worker in self._workers), default=0.0),
            seconds_per_token=self._seconds_per_token,
            delay=0.0 if ready else self._load_seconds,
            left=left,
        )

    async def ask(
        self,
        head: dict[str, Any],
        body: bytes,
        deadline: float,
        worker: WorkerProcess | None = None,
    ) -> Reply:
        """Have a worker answer; a certain one, where it has a session.

        Raises:
            RequestError: what the worker said, or 503 and 504 when it could not.
        """
        self.check(len(body), deadline - self._loop.time())
        tokens = self._estimate.tokens(len(body))
        reply: asyncio.Future[Reply] = self._loop.create_future()
        call = Call(next(self._numbers), body, head, tokens, deadline, reply)
        late = self._loop.call_at(deadline, lambda: call.fail(_late()))
        self._bytes += len(body)
        streams = False
        try:
            if worker is not None:
                worker.send(call)
            else:
                self._wait(call)
            response = await reply
            if response.chunks is None:
                return response
            streams = True
            chunks = self._passed_on(call, response.chunks)
            return Reply(response.body, response.content_type, chunks, response.session_closed)
        finally:
            late.cancel()
            if not streams:
                self._drop(call)

    def worker(self) -> WorkerProcess:
        """The worker with the least to do.

        Raises:
            RequestError: 503 when none is ready.
        """
        ready = [worker for worker in self._workers if worker.ready]
        if not ready:
            raise unavailable("not_ready", "no worker is ready")
        others = [worker for worker in ready if worker is not self._suspects.cell]
        return min(others or ready, key=lambda worker: worker.tokens)

    async def drain(self) -> None:
        """Take no more calls, and wait until those that were taken have their answers."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.deadline_seconds):
                while self.calls:
                    await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End the workers; when this returns their memory is free."""
        self._stopping = True
        self._watching.cancel()
        self._refuse_waiting("the server stops")
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _passed_on(self, call: Call, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        try:
            while True:
                async with asyncio.timeout(self._settings.deadline_seconds):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                yield chunk
        except TimeoutError:
            raise _late() from None
        finally:
            self._drop(call)

    def _wait(self, call: Call) -> None:
        self._waiting[call.id] = call
        self._waiting_tokens += call.tokens
        self._share_out()

    def _share_out(self) -> None:
        """Send what waits to workers that have room.

        Workers are given little more than they do next: what is here can still go to another.
        """
        self._suspects.try_next(self._spare() if self._suspects.waiting else [])
        while self._waiting and (free := self._with_room()):
            call = self._waiting.pop(next(iter(self._waiting)))
            self._waiting_tokens -= call.tokens
            min(free, key=lambda worker: worker.tokens).send(call)

    def _with_room(self) -> list[WorkerProcess]:
        cell = self._suspects.cell
        return [w for w in self._workers if w.ready and w.has_room and w is not cell]

    def _spare(self) -> list[WorkerProcess]:
        """The workers of which one may be lost now: another goes on meanwhile.

        Where there is one worker at all it may be, when no answer is lost with it: what waits has
        the time to wait for its replacement.
        """
        healthy = [worker for worker in self._workers if worker.is_proved(self._patience)]
        if len(healthy) > 1:
            return healthy
        whole = len(self._workers) if self._stopping else self._size  # none is replaced then
        if whole > 1:
            return []
        first = next(iter(self._waiting.values()), None)
        needed = self._load_seconds + self._waiting_tokens * self._seconds_per_token
        in_time = first is None or first.deadline - self._loop.time() > needed
        return [worker for worker in healthy if in_time and not worker.streams]

    def _drop(self, call: Call) -> None:
        self._bytes -= len(call.body)
        if self._waiting.pop(call.id, None) is not None:
            self._waiting_tokens -= call.tokens
        self._suspects.waiting.pop(call.id, None)
        for worker in self._workers:
            worker.cancel(call)

    @property
    def _seconds_per_token(self) -> float:
        return max((worker.seconds_per_token for worker in self._workers), default=0.0)

    @property
    def _patience(self) -> float:
        slowest = max((worker.slowest_batch for worker in self._workers), default=0.0)
        return _PATIENCE_SECONDS + 3 * slowest

    def _spawn(self, environment: Mapping[str, str]) -> None:
        if self._stopping:
            return
        began = self._loop.time()

        def on_ready(worker: WorkerProcess) -> None:
            self._load_seconds = self._loop.time() - began
            self._is_ready(worker)

        worker = WorkerProcess(
            environment,
            on_opened=lambda call: self._estimate.learn(len(call.body), call.tokens),
            on_batch=self._metrics.count_batch,
            on_model_metrics=self._metrics.model.add,
            on_ready=on_ready,
            on_room=self._share_out,
            on_end=self._has_ended,
        )
        self._workers[worker] = environment

    def _is_ready(self, worker: WorkerProcess) -> None:
        self._was_ready = True
        self.started.set()
        worker.ask_canary()
        self._share_out()

    def _has_ended(self, worker: WorkerProcess) -> None:
        environment = self._workers.pop(worker)
        self._suspects.has_ended(worker)
        if self._stopping:
            for call in worker.calls.values():
                call.fail(unavailable("not_ready", "the server stops"))
            return
        vain = not (worker.proved or worker.used)
        self._vain_starts = self._vain_starts + 1 if vain else 0
        if self._vain_starts >= _MOST_STARTS or (worker.final and not self._was_ready):
            self._fail(worker.reason)
        else:
            _log.error("a worker has ended and is started again: %s", worker.reason)
            self._metrics.restarts.inc()
            self._loop.call_later(0.2 * self._vain_starts, self._spawn, environment)
        for call in worker.calls.values():
            if self.failure is not None or self._was_last_try(call, worker):
                message = f"its worker has ended: {worker.reason}"
                call.fail(RequestError(500, "worker_ended", message))
            else:
                self._suspects.add(call)
        self._share_out()

    def _was_last_try(self, call: Call, worker: WorkerProcess) -> bool:
        """Whether a call whose worker has ended is to fail: it has, or can have, no other try.

        Alone in its worker as a suspect, or in the only one, it is taken to be what ended it.
        """
        if call.streams or "session" in call.head:
            return True
        return worker.is_to_blame and (call.suspect or self._size == 1)

    def _fail(self, reason: str) -> None:
        if self.failure is not None:
            return
        self.failure = reason
        self.started.set()
        self._refuse_waiting("the model's workers have ended")
        self._on_failure(self)

    def _refuse_waiting(self, why: str) -> None:
        for call in (*self._waiting.values(), *self._suspects.waiting.values()):
            call.fail(unavailable("not_ready", why))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for worker in list(self._workers):
                if worker.hangs(self._settings.hang_seconds):
                    worker.reason = "it hung"
                    worker.kill()
                elif worker.canary_is_due():
                    worker.ask_canary()
            self._share_out()  # a worker may be healthy again, or have left what was given up


def _late() -> RequestError:
    return RequestError(504, "deadline_exceeded", "it was not answered before its deadline")
