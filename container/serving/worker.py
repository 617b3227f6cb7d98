"""The one thread that loads the model, owns it, and does its work while the event loop answers."""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from .errors import unavailable

M = TypeVar("M")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Any], Any]
    result: asyncio.Future[Any]
    context: Context


class Worker(Generic[M]):
    """Runs `load` once, then each submitted piece of work on what it returned, one at a time.

    The attributes belong to the event loop: `ready`; `pending`, how much waits or is being done;
    `abandoned`, how much was given up unanswered; and `failure`. When the thread ends by anything
    but `stop`, `failure` says by what, all that waits gets a 503, and `on_failure` is called.

    Args:
        load: makes the model; runs in the thread.
        capacity: how much may be pending, the work being done included.
        on_failure: called in the event loop.
    """

    def __init__(
        self, load: Callable[[], M], *, capacity: int, on_failure: Callable[[], None]
    ) -> None:
        self.ready = False
        self.failure: BaseException | None = None
        self.pending = 0
        self.abandoned = 0
        self._load = load
        self._capacity = capacity
        self._on_failure = on_failure
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Start to load; call it in the running event loop."""
        self._loop = asyncio.get_running_loop()
        # A daemon: a load or a computation that hangs must not keep the process from ending.
        Thread(target=self._main, name="inference", daemon=True).start()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._jobs.put(None)

    def check(self) -> None:
        """Check that work would be taken now.

        Raises:
            RequestError: 503 while not ready or too busy.
        """
        if not self.ready:
            raise unavailable("not_ready", "the model is not ready")
        if self.pending >= self._capacity:
            raise unavailable("busy", f"{self.pending} requests are waiting already")

    async def run(self, work: Callable[[M], T]) -> T:
        """Do the work in the thread and return its result, or raise what it raised.

        Raises:
            RequestError: 503, as `check`, or when the thread ends before the work is done.
        """
        self.check()
        result: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, result, copy_context()))
        self.pending += 1
        try:
            return await result
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        finally:
            self.pending -= 1

    def _main(self) -> None:
        try:
            model = self._load()
            self._tell(self._loaded)
            while (job := self._jobs.get()) is not None:
                self._perform(job, model)
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread has to be told
            self._tell(self._failed, error)

    def _perform(self, job: _Job, model: M) -> None:
        if job.result.cancelled():
            return
        try:
            result = job.context.run(job.work, model)
        except Exception as error:  # noqa: BLE001 - the model's code may raise anything
            self._tell(_settle, job.result, None, error)
        except BaseException:
            self._tell(_settle, job.result, None, _gone())
            raise
        else:
            self._tell(_settle, job.result, result, None)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        # A loop that is closed already belongs to a server that has ended.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _loaded(self) -> None:
        self.ready = True

    def _failed(self, error: BaseException) -> None:
        self.ready = False
        self.failure = error
        with contextlib.suppress(Empty):
            while (job := self._jobs.get_nowait()) is not None:
                _settle(job.result, None, _gone())
        self._on_failure()


def _gone() -> Exception:
    return unavailable("not_ready", "the model's thread has ended")


def _settle(result: asyncio.Future[Any], value: object, error: Exception | None) -> None:
    if result.done():
        return
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(value)
