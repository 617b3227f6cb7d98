"""The calls to one model: queued, and distributed to its workers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from ..config import Settings
from ..errors import RequestError, unavailable
from ..pythons import timeout
from .admission import FAR, SURE, Backlog, Estimate, admit, too_late
from .call import Call, Reply
from .metrics import Metrics
from .process import WorkerProcess
from .suspects import Suspects
from .workers import Workers


class Pool:
    """Workers that each have the model, and the calls that wait for them.

    Args:
        settings: the server's settings.
        environments: the environment of each worker.
        metrics: counts batches, restarts and model metrics.
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
        self._settings = settings
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, Call] = {}  # in the order of arrival
        self._backlog = Backlog()
        self._suspects = Suspects()
        self._numbers = count()
        self._estimate = Estimate()
        self._bytes = 0
        self._workers = Workers(
            settings,
            environments,
            metrics,
            on_opened=self._has_opened,
            on_room=self._share_out,
            on_tick=self._tick,
            on_end=self._has_ended,
            on_failure=self._has_failed,
        )

    @property
    def started(self) -> asyncio.Event:
        """Set when the first worker is ready, or when the model has failed."""
        return self._workers.started

    @property
    def failure(self) -> str | None:
        """Why no worker can be kept alive."""
        return self._workers.failure

    @property
    def ready(self) -> bool:
        """Whether calls are accepted."""
        return self._workers.was_ready and self._workers.failure is None

    @property
    def healthy(self) -> bool:
        """Whether a worker has lately proved that it responds."""
        return bool(self._workers.healthy)

    @property
    def size(self) -> int:
        """The number of workers."""
        return max(1, len(self._workers.running))

    @property
    def calls(self) -> int:
        """The number of calls without a reply."""
        return self._backlog.calls

    @property
    def tokens(self) -> float:
        """The cost of all calls without a reply, in tokens."""
        return self._backlog.tokens

    @property
    def seconds_per_byte(self) -> float:
        """The cost of a byte of a body; 0 while it is not known."""
        return self._estimate.tokens(2**20) / 2**20 * self._workers.seconds_per_token

    def check(self, size: int, left: float) -> None:
        """Refuse a body of `size` bytes with 503 if it cannot be computed in `left` seconds."""
        workers = self._workers
        if not self.ready or workers.stopping:
            raise unavailable("not_ready", "the model is not ready")
        if self._bytes and self._bytes + size > self._settings.max_queue_bytes:
            raise unavailable("busy", f"bodies of {self._bytes} bytes are waiting")
        ready, tokens = workers.ready, self._estimate.tokens(size)
        mixes = any(worker.mixes for worker in ready)
        before = self._backlog.before(tokens) if mixes else self.tokens
        admit(
            tokens=tokens,
            before=before / max(1, len(ready)),
            most=self._settings.max_queue_tokens,
            measured=workers.measured,
            seconds_per_token=workers.seconds_per_token,
            delay=0.0 if ready else workers.load_seconds,
            left=left,
            idle=not self._waiting and any(not worker.calls for worker in ready),
        )

    async def ask(
        self,
        head: dict[str, Any],
        body: bytes,
        deadline: float,
        worker: WorkerProcess | None = None,
    ) -> Reply:
        """Have a worker reply: any, or the one that has the call's session.

        Raises:
            RequestError: the worker's refusal; 503 if the call would be late, 504 if it is late.
        """
        self.check(len(body), deadline - self._loop.time())
        tokens = self._estimate.tokens(len(body))
        reply: asyncio.Future[Reply] = self._loop.create_future()
        call = Call(next(self._numbers), body, head, tokens, deadline, reply)
        if self._suspects.ended_a_worker(call):
            raise _known()
        late = self._loop.call_at(deadline, self._is_late, call)
        self._bytes += len(body)
        self._backlog.add(call)
        streams = False
        try:
            if worker is not None:
                worker.send(call)
            else:
                slow = [each for worker in self._workers.slow for each in worker.calls_in_work]
                if self._suspects.includes(call, slow):
                    self._suspects.add(call)
                else:
                    self._waiting[call.id] = call
                self._share_out()
            response = await reply
            if response.chunks is None:
                return response
            streams = True
            return replace(response, chunks=self._passed_on(call, response.chunks))
        finally:
            late.cancel()
            if not streams:
                self._drop(call)

    def worker(self) -> WorkerProcess:
        """The ready worker with the fewest tokens; 503 if none is ready."""
        ready = self._workers.ready
        if not ready:
            raise unavailable("not_ready", "no worker is ready")
        others = [worker for worker in ready if worker is not self._suspects.cell]
        return min(others or ready, key=lambda worker: worker.tokens)

    async def drain(self) -> None:
        """Accept no more calls, and wait until all have their replies."""
        self._workers.stopping = True
        with contextlib.suppress(TimeoutError):
            async with timeout(self._settings.deadline_seconds):
                while self.calls:
                    await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End the workers; when this returns, their memory is free."""
        self._workers.stopping = True
        self._refuse_waiting("the server stops")
        await self._workers.stop()

    async def _passed_on(self, call: Call, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        try:
            while True:
                async with timeout(self._settings.deadline_seconds):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                yield chunk
        except TimeoutError:
            raise _late() from None
        finally:
            self._drop(call)

    def _share_out(self) -> None:
        """Send waiting calls to workers that have room.

        A worker gets little more than it computes next: calls that wait here can go to any worker.
        """
        suspects = self._suspects
        suspects.try_next(self._workers.spare(self._waiting.values()) if suspects.waiting else [])
        while self._waiting and (free := self._with_room()):
            call = self._waiting.pop(next(iter(self._waiting)))
            min(free, key=lambda worker: worker.tokens).send(call)

    def _with_room(self) -> list[WorkerProcess]:
        running, cell = self._workers.prompt or self._workers.running, self._suspects.cell
        return [w for w in running if w.ready and w.has_room and w is not cell]

    def _tick(self) -> None:
        """Take back what waits behind a call that may hang: another worker can compute it."""
        if self._workers.prompt:
            for worker in self._workers.slow:
                for call in worker.take_back():
                    self._waiting = {call.id: call} | self._waiting
        self._share_out()

    def _is_late(self, call: Call) -> None:
        if call.id in self._waiting:  # no worker has begun it: it may be sent again
            call.fail(unavailable("busy", "no worker was free before its deadline"))
        else:
            call.fail(_late())

    def _drop(self, call: Call) -> None:
        self._bytes -= len(call.body)
        self._backlog.remove(call)
        self._waiting.pop(call.id, None)
        self._suspects.waiting.pop(call.id, None)
        for worker in self._workers.running:
            worker.cancel(call)

    def _has_opened(self, call: Call) -> None:
        self._backlog.remove(call)
        call.opened = True
        self._backlog.add(call)
        self._estimate.learn(len(call.body), call.tokens)
        seconds = call.tokens * self._workers.seconds_per_token
        left = call.deadline - self._loop.time()
        if SURE < call.tokens < FAR * self._workers.measured and seconds > left:
            call.fail(too_late(seconds, left))

    def _has_ended(self, worker: WorkerProcess) -> None:
        """Queue again what the worker had; what it had in work may be the cause."""
        self._suspects.has_ended(worker)
        in_work = worker.in_work
        causes = worker.calls_in_work if in_work else list(worker.calls.values())
        if len(causes) == 1 and len(in_work) <= 1:
            (cause,) = causes
            # What another process has killed is tried once more: perhaps it is not the cause.
            if cause.suspect or (in_work and not worker.was_killed):
                self._suspects.convict(cause)
        again: dict[int, Call] = {}
        for call in worker.calls.values():
            if self._workers.stopping:
                call.fail(unavailable("not_ready", "the server stops"))
            elif self.failure is not None or call.streams or "session" in call.head:
                call.fail(_ended(worker.reason))
            elif call not in causes:
                again[call.id] = call
            elif self._suspects.ended_a_worker(call):
                call.fail(_ended(worker.reason))
            else:
                self._suspects.add(call)
        self._waiting = again | self._waiting
        self._refuse_known()
        if not self._workers.stopping:
            self._share_out()

    def _refuse_known(self) -> None:
        """Fail the calls that are not computed yet and are the same as one that ends workers."""
        for waiting in (self._waiting, self._suspects.waiting):
            for call in list(waiting.values()):
                if self._suspects.ended_a_worker(call):
                    del waiting[call.id]
                    call.fail(_known())
        for worker in self._workers.running:
            for call in worker.calls.values() if worker.ready else ():
                if call.id not in worker.in_work and self._suspects.ended_a_worker(call):
                    call.fail(_known())

    def _has_failed(self) -> None:
        self._refuse_waiting("the model's workers have ended")
        self._on_failure(self)

    def _refuse_waiting(self, why: str) -> None:
        for call in (*self._waiting.values(), *self._suspects.waiting.values()):
            call.fail(unavailable("not_ready", why))


def _ended(reason: str) -> RequestError:
    return RequestError(500, "worker_ended", f"its worker has ended: {reason}")


def _known() -> RequestError:
    return RequestError(500, "worker_ended", "a request with this body has lately ended a worker")


def _late() -> RequestError:
    return RequestError(504, "deadline_exceeded", "it was not answered before its deadline")
