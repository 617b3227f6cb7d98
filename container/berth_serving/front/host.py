"""The models that are hosted: one from the start, or those that SageMaker loads and unloads."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..config import Settings
from ..cores import available_memory, gpus, usable_cores
from ..errors import RequestError
from .metrics import Metrics
from .pool import Pool

_log = logging.getLogger("serving.host")

# The memory of a worker besides the model's files: interpreter, libraries, intermediate results.
_WORKER_BYTES = 400 * 2**20


def environments(settings: Settings, model_dir: Path) -> list[dict[str, str]]:
    """Return the environment of each worker of a model: one worker per GPU, or else per core.

    On CPU a worker has one thread: two threads that compute a batch wait for each other at the end
    of each operation. If memory has no room for so many copies, fewer workers have more threads.
    """
    devices = gpus()
    cores = usable_cores()
    fitting = max(1, min(cores, available_memory() // _needed(model_dir)))
    workers = settings.workers or len(devices) or (1 if settings.multi_model else fitting)
    threads = max(1, cores // workers)
    common = {**os.environ, "SM_MODEL_DIR": str(model_dir)}
    common |= {name: str(threads) for name in ("OMP_NUM_THREADS", "BERTH_THREADS")}
    if not devices:
        return [dict(common) for _ in range(workers)]
    return [
        {**common, "CUDA_VISIBLE_DEVICES": devices[index % len(devices)]}
        for index in range(workers)
    ]


def _needed(folder: Path) -> int:
    """Estimate the bytes of memory of a worker; while weights load, they are in memory twice."""
    size = 0
    with contextlib.suppress(OSError):  # the worker reports what cannot be read
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return _WORKER_BYTES + 2 * size


class Host:
    """The models, each with a pool of its own workers.

    `on_failure` is called with the reason when the only model cannot be served any more.
    """

    def __init__(
        self, settings: Settings, metrics: Metrics, *, on_failure: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._on_failure = on_failure
        self._main: Pool | None = None
        self._named: dict[str, tuple[str, Pool]] = {}
        self._ending: set[asyncio.Future[None]] = set()  # of models that have failed

    def start(self) -> None:
        """Begin to load the model, unless this is a multi-model server."""
        if not self._settings.multi_model:
            self._main = self._pool(self._settings.model_dir)

    async def stop(self) -> None:
        """End every worker."""
        await asyncio.gather(*(pool.stop() for pool in self._pools))

    @property
    def _pools(self) -> list[Pool]:
        named = [pool for _, pool in self._named.values()]
        return named if self._main is None else [self._main, *named]

    @property
    def healthy(self) -> bool:
        """Whether the model has lately proved that it responds; a multi-model server is healthy."""
        return self._main.healthy if self._main is not None else self._settings.multi_model

    @property
    def waiting(self) -> tuple[int, float]:
        """The number of requests without a response, and their cost in tokens."""
        pools = self._pools
        return sum(pool.calls for pool in pools), sum(pool.tokens for pool in pools)

    def main(self) -> Pool:
        """The one model; 404 on a multi-model server, whose models are called by name."""
        if self._main is None:
            raise RequestError(404, "not_found", "models are called at /models/NAME/invoke here")
        return self._main

    def named(self, name: str) -> tuple[str, Pool]:
        """The URL and the pool of a loaded model; 404 for any other name."""
        if name not in self._named or not self._named[name][1].ready:
            raise _no_such_model(name)
        return self._named[name]

    @property
    def names(self) -> Mapping[str, str]:
        """The URLs of the loaded models, in order of their names."""
        loaded = {name: url for name, (url, pool) in self._named.items() if pool.ready}
        return dict(sorted(loaded.items()))

    async def load(self, name: str, url: str) -> None:
        """Load a model from a folder; return when it is ready.

        Raises:
            RequestError: 409 if it is loaded already, 507 if memory is short, 400 if the URL is
                not a folder below BERTH_MODELS_DIR, 500 if it cannot be loaded.
        """
        if name in self._named:
            raise RequestError(409, "already_loaded", f"model {name[:200]!r} is loaded already")
        folder = self._folder(url)
        needed = _needed(folder)
        if needed > (free := available_memory()):
            raise _no_memory(f"it needs {needed >> 20} MiB and {free >> 20} MiB are free")
        pool = self._pool(folder)
        self._named[name] = (url, pool)
        self._metrics.models.set(len(self._named))
        await pool.started.wait()
        if pool.failure is not None:
            if "SIGKILL" in pool.failure:  # sent by the kernel when memory runs out
                raise _no_memory(pool.failure)
            raise RequestError(500, "load_failed", f"the model was not loaded: {pool.failure}")
        if not pool.ready:
            raise RequestError(409, "unloaded", "the model was unloaded while it was loading")

    async def unload(self, name: str) -> None:
        """Unload a model; when this returns, its memory is free."""
        if name not in self._named:
            raise _no_such_model(name)
        _, pool = self._named.pop(name)
        await self._end(pool)

    async def _end(self, pool: Pool) -> None:
        self._metrics.models.set(len(self._named))
        await pool.drain()
        await pool.stop()

    def _folder(self, url: str) -> Path:
        root = self._settings.models_dir.resolve()
        folder = Path(url.removeprefix("file://")).resolve()
        if not folder.is_relative_to(root) or not folder.is_dir():
            raise RequestError(400, "wrong_url", f"must be a folder within {root}", where="url")
        return folder

    def _pool(self, folder: Path) -> Pool:
        return Pool(
            self._settings,
            environments(self._settings, folder),
            metrics=self._metrics,
            on_failure=self._has_failed,
        )

    def _has_failed(self, pool: Pool) -> None:
        reason = pool.failure or ""
        if pool is self._main:
            self._on_failure(reason)
        elif failed := [name for name, (_, each) in self._named.items() if each is pool]:
            _log.error("model %s is served no more: %s", failed[0], reason)
            # It is as if it had never been loaded: SageMaker may load it again.
            del self._named[failed[0]]
            self._ending.add(ending := asyncio.ensure_future(self._end(pool)))
            ending.add_done_callback(self._ending.discard)


def _no_such_model(name: str) -> RequestError:
    return RequestError(404, "no_such_model", f"model {name[:200]!r} is not loaded")


def _no_memory(why: str) -> RequestError:
    return RequestError(507, "out_of_memory", f"there is no memory for this model: {why}")
