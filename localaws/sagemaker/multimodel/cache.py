"""The models of one instance: on its disk, in its container's memory, held by requests.

A model is downloaded and loaded when it is first called. When the container responds with 507, the
least recently used model that no request holds is unloaded. As in SageMaker, an archive on the disk
is not fetched again; unlike there, none is deleted before its instance ends.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from botocore.exceptions import ClientError

from localaws.clients import client
from localaws.sagemaker import artifacts
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.multimodel.source import Source

LOAD_SECONDS = 360.0
"""How long a load may take (developer guide, mms-container-apis)."""

Timings = list[tuple[str, float]]
"""The names of metrics, and the seconds that they publish."""


class RefusedError(Exception):
    """The container cannot load a model."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(eq=False)
class Model:
    """One archive. `name` is its identifier in the container.

    users: how many requests hold it; changing: locked while it is loaded or unloaded.
    """

    target: str
    name: str
    on_disk: bool = False
    loaded: bool = False
    users: int = 0
    changing: threading.Lock = field(default_factory=threading.Lock)


class ModelCache:
    """The models of the instance of that id, whose container listens on that port."""

    def __init__(self, source: Source, instance: str, port: int) -> None:
        self._source = source
        self._folder = source.folder / instance
        self._mounted = f"{source.mounted}/{instance}"
        self._url = f"http://127.0.0.1:{port}/models"
        self._lock = threading.Lock()
        self._models: dict[str, Model] = {}  # the least recently used one comes first

    def __contains__(self, target: str | None) -> bool:
        """Whether a model is loaded."""
        model = self._models.get(target or "")
        return model is not None and model.loaded

    @property
    def loaded(self) -> int:
        """How many models the container has in its memory."""
        with self._lock:
            return sum(model.loaded for model in self._models.values())

    def hold(self, target: str) -> tuple[Model, Timings]:
        """Have a model loaded and held until `release`; the second value is what that took.

        Blocks. Raises HostingError where the archive cannot be fetched, RefusedError where the
        container cannot load it, and httpx.HTTPError where the container is gone.
        """
        with self._lock:
            known = self._models.pop(target, None)
            name = hashlib.sha256(target.encode()).hexdigest()[:32]
            model = self._models[target] = known or Model(target, name)
            model.users += 1
        timings: Timings = []
        try:
            with model.changing:
                if not model.on_disk:
                    _timed(timings, "ModelDownloadingTime", lambda: self._download(model))
                if not model.loaded:
                    self._load(model, timings)
        except BaseException:
            self._leave(model)
            raise
        return model, timings

    def release(self, model: Model) -> Timings:
        """Release a model; without caching, the last release unloads it. Blocks."""
        self._leave(model)
        timings: Timings = []
        if not self._source.cached:
            self._unload_one(lambda one: one is model and one.loaded, timings)
        return timings

    def lost(self, model: Model) -> Timings:
        """Load a held model again that the container has lost."""
        timings: Timings = []
        with model.changing:
            self._load(model, timings)
        return timings

    def make_room(self, timings: Timings) -> bool:
        """Unload the least recently used model; False where each is in use or none is loaded."""
        return self._unload_one(lambda one: one.loaded, timings)

    def _leave(self, model: Model) -> None:
        with self._lock:
            model.users -= 1
            if not (model.users or model.on_disk):
                self._models.pop(model.target, None)

    def _download(self, model: Model) -> None:
        folder = self._folder / model.name
        bucket, key = artifacts.bucket_and_key(self._source.prefix + model.target)
        archive = folder / "archive.tar.gz"
        artifacts.remove(folder)
        folder.mkdir(parents=True)
        try:
            client(self._source.scope, "s3").download_file(bucket, key, str(archive))
            artifacts.unpack(archive, folder / "model")
        except ClientError as error:
            raise HostingError(
                f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that"
                " there is an object located at the URL and that the role passed to CreateModel"
                " has permissions to download the model."
            ) from error
        archive.unlink()
        artifacts.make_read_only(folder / "model")
        model.on_disk = True

    def _load(self, model: Model, timings: Timings) -> None:
        wanted = {"model_name": model.name, "url": f"{self._mounted}/{model.name}/model"}
        while True:
            started = time.perf_counter()
            response = httpx.post(self._url, json=wanted, timeout=LOAD_SECONDS, trust_env=False)
            timings.append(("ModelLoadingTime", time.perf_counter() - started))
            # 409: it is loaded already.
            if response.status_code in (200, 409):
                model.loaded = True
                return
            if response.status_code != 507 or not self.make_room(timings):
                raise RefusedError(response.status_code, response.content)

    def _unload_one(self, fits: Callable[[Model], bool], timings: Timings) -> bool:
        """Unload the least recently used model of those that fit and are not held."""
        with self._lock:
            idle = (one for one in self._models.values() if not one.users and fits(one))
            model = next(idle, None)
            if model is None:
                return False
            model.users += 1
            model.changing.acquire()  # it is free: only a request that holds the model locks it
        try:
            _timed(timings, "ModelUnloadingTime", lambda: self._unload(model))
        finally:
            model.changing.release()
            self._leave(model)
        return True

    def _unload(self, model: Model) -> None:
        url = f"{self._url}/{model.name}"
        httpx.delete(url, timeout=LOAD_SECONDS, trust_env=False)
        model.loaded = False


def _timed(timings: Timings, name: str, work: Callable[[], None]) -> None:
    started = time.perf_counter()
    work()
    timings.append((name, time.perf_counter() - started))
