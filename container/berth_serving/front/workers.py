"""The worker processes of one model: those that end or hang are replaced."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from ..config import Settings
from . import children
from .call import Call
from .metrics import Metrics
from .process import WorkerProcess

_log = logging.getLogger("serving.pool")

TICK_SECONDS = 0.25
_PATIENCE_SECONDS = 4.0
_SLOW_SECONDS = 0.5
_MOST_VAIN_STARTS = 5  # in a row
_RETRY_SECONDS = 1.0


class Workers:
    """Starts the workers and keeps their number.

    Args:
        settings: the server's settings.
        environments: the environment of each worker.
        metrics: counts batches, restarts and model metrics.
        on_opened: called when a worker has counted the tokens of a call.
        on_room: called when a worker may have room for another call.
        on_tick: called several times a second.
        on_end: called with a worker that has ended.
        on_failure: called when no worker can be kept alive.

    Attributes:
        running: the workers and their environments.
        size: how many workers there should be.
        started: set when the first worker is ready, or when the model has failed.
        failure: why no worker can be kept alive.
        was_ready: whether a worker has ever been ready.
        load_seconds: how long the latest worker took to be ready.
        slow: the workers that compute for far longer than ever before: they may hang.
        stopping: whether workers that end are no longer replaced.
    """

    def __init__(
        self,
        settings: Settings,
        environments: Sequence[Mapping[str, str]],
        metrics: Metrics,
        *,
        on_opened: Callable[[Call], None],
        on_room: Callable[[], None],
        on_tick: Callable[[], None],
        on_end: Callable[[WorkerProcess], None],
        on_failure: Callable[[], None],
    ) -> None:
        self.running: dict[WorkerProcess, Mapping[str, str]] = {}
        self.size = len(environments)
        self.started = asyncio.Event()
        self.failure: str | None = None
        self.was_ready = False
        self.load_seconds = 0.0
        self.slow: list[WorkerProcess] = []
        self.stopping = False
        self._hang_seconds = settings.hang_seconds
        self._metrics = metrics
        self._on_opened, self._on_room, self._on_tick = on_opened, on_room, on_tick
        self._on_end, self._on_failure = on_end, on_failure
        self._loop = asyncio.get_running_loop()
        self._vain_starts = 0
        for environment in environments:
            self._spawn(environment)
        self._watching = asyncio.ensure_future(self._watch())

    @property
    def ready(self) -> list[WorkerProcess]:
        """The workers that have loaded the model."""
        return [worker for worker in self.running if worker.ready]

    @property
    def healthy(self) -> list[WorkerProcess]:
        """The workers that have lately proved that they respond."""
        patience = _PATIENCE_SECONDS + 3 * self._slowest
        return [worker for worker in self.running if worker.is_proved(patience)]

    @property
    def seconds_per_token(self) -> float:
        """The cost of a token in the slowest worker; 0 while it is not known."""
        return max((worker.seconds_per_token for worker in self.running), default=0.0)

    @property
    def measured(self) -> float:
        """Up to how many tokens that cost is known to hold."""
        return max((worker.measured for worker in self.running), default=0.0)

    @property
    def prompt(self) -> list[WorkerProcess]:
        """The workers that are ready and not slow."""
        return [worker for worker in self.ready if worker not in self.slow]

    def spare(self, waiting: Collection[Call]) -> list[WorkerProcess]:
        """The workers of which one may end now, as another goes on meanwhile.

        The only worker may end, too, if no reply is lost with it and the waiting calls have the
        time to wait for its replacement.
        """
        healthy = [worker for worker in self.healthy if worker not in self.slow]
        if len(healthy) > 1:
            return healthy
        if (len(self.running) if self.stopping else self.size) > 1:
            return []
        tokens = sum(call.tokens for call in waiting)
        needed = self.load_seconds + tokens * self.seconds_per_token
        first = next(iter(waiting), None)
        in_time = first is None or first.deadline - self._loop.time() > needed
        return [worker for worker in healthy if in_time and not worker.streams]

    @property
    def _slowest(self) -> float:
        return max((worker.slowest_batch for worker in self.running), default=0.0)

    async def stop(self) -> None:
        """End the workers; when this returns, their memory is free."""
        self.stopping = True
        self.started.set()
        self._watching.cancel()
        await asyncio.gather(*(worker.stop() for worker in self.running))

    def _spawn(self, environment: Mapping[str, str]) -> None:
        if self.stopping:
            return
        began = self._loop.time()

        def on_ready(worker: WorkerProcess) -> None:
            self.load_seconds = self._loop.time() - began
            self.was_ready = True
            self.started.set()
            worker.ask_canary()
            self._on_room()

        try:
            worker = WorkerProcess(
                environment,
                on_opened=self._on_opened,
                on_batch=self._metrics.count_batch,
                on_model_metrics=self._metrics.model.add,
                on_ready=on_ready,
                on_room=self._on_room,
                on_end=self._has_ended,
            )
        except OSError as error:
            # No descriptor, no process or no memory is left: it may be there again.
            _log.error("a worker cannot be started, and will be tried again: %s", error.strerror)
            self._loop.call_later(_RETRY_SECONDS, self._spawn, environment)
            return
        self.running[worker] = environment

    def _has_ended(self, worker: WorkerProcess) -> None:
        environment = self.running.pop(worker)
        self.slow = [each for each in self.slow if each is not worker]
        if not self.stopping:
            self._replace(worker, environment)
        self._on_end(worker)

    def _replace(self, worker: WorkerProcess, environment: Mapping[str, str]) -> None:
        vain = not (worker.health.proved or worker.used)
        self._vain_starts = self._vain_starts + 1 if vain else 0
        if self._vain_starts < _MOST_VAIN_STARTS and (self.was_ready or not worker.final):
            _log.error("a worker has ended and is started again: %s", worker.reason)
            self._metrics.restarts.inc()
            self._loop.call_later(0.2 * self._vain_starts, self._spawn, environment)
        elif self.failure is None:
            self.failure = worker.reason
            self.started.set()
            self._on_failure()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            children.reap()
            patience = _SLOW_SECONDS + 3 * self._slowest
            self.slow = [worker for worker in self.running if worker.computes(patience)]
            for worker in list(self.running):
                if worker.hangs(self._hang_seconds):
                    worker.reason = "it hung"
                    worker.kill()
                elif worker.ready and worker.health.canary_is_due:
                    worker.ask_canary()
            self._on_tick()  # a worker may be healthy again, or have finished a cancelled call
