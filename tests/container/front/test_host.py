"""How many workers a model gets, what each computes with, and what becomes of models."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth_serving.config import Settings
from berth_serving.errors import RequestError
from berth_serving.front import host
from berth_serving.front.metrics import Metrics

GIB = 2**30


@pytest.fixture
def model(tmp_path: Path) -> Path:
    with (tmp_path / "model.safetensors").open("wb") as weights:
        weights.truncate(GIB)
    return tmp_path


def shared(
    monkeypatch: pytest.MonkeyPatch,
    model: Path,
    *,
    cores: int,
    memory: int = 1000 * GIB,
    devices: tuple[str, ...] = (),
    settings: Settings | None = None,
) -> list[tuple[str | None, str]]:
    """The GPU and the threads of each worker."""
    monkeypatch.setattr(host, "usable_cores", lambda: cores)
    monkeypatch.setattr(host, "available_memory", lambda: memory)
    monkeypatch.setattr(host, "gpus", lambda: list(devices))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = host.environments(settings or Settings(), model)
    assert all(each["OMP_NUM_THREADS"] == each["BERTH_THREADS"] for each in found)
    assert all(each["SM_MODEL_DIR"] == str(model) for each in found)
    return [(each.get("CUDA_VISIBLE_DEVICES"), each["BERTH_THREADS"]) for each in found]


def test_a_core_is_a_worker(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    assert shared(monkeypatch, model, cores=4) == [(None, "1")] * 4


def test_copies_that_memory_has_no_room_for_become_threads(
    monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    assert shared(monkeypatch, model, cores=8, memory=6 * GIB) == [(None, "4")] * 2
    assert shared(monkeypatch, model, cores=8, memory=GIB) == [(None, "8")]


def test_a_gpu_is_a_worker_however_many_cores(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    assert shared(monkeypatch, model, cores=8, devices=("a", "b")) == [("a", "4"), ("b", "4")]


def test_a_model_of_many_has_one_worker(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    settings = Settings(multi_model=True)
    assert shared(monkeypatch, model, cores=2, settings=settings) == [(None, "2")]


def test_the_setting_wins(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    settings = Settings(workers=3)
    assert shared(monkeypatch, model, cores=2, memory=GIB, settings=settings) == [(None, "1")] * 3


def test_a_folder_that_cannot_be_read_is_for_the_worker_to_refuse(
    monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    def is_file(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", is_file)
    assert shared(monkeypatch, model, cores=2) == [(None, "1")] * 2


# Models of a multi-model server


class Pool:
    """A pool that starts, fails and stops when a test says so."""

    made: list["Pool"] = []  # noqa: RUF012

    def __init__(self, *_: Any, on_failure: Callable[["Pool"], None], **__: Any) -> None:
        self.started = asyncio.Event()
        self.failure: str | None = None
        self.stopped = self.was_ready = False
        self._on_failure = on_failure
        self.made.append(self)

    @property
    def ready(self) -> bool:
        return self.was_ready and self.failure is None

    def start(self) -> None:
        self.was_ready = True
        self.started.set()

    def fail(self, why: str) -> None:
        self.failure = why
        self.started.set()
        self._on_failure(self)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        self.stopped = True
        self.started.set()


Scene = Callable[[host.Host, "asyncio.Task[None]", Pool, Path], Any]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Scene], None]:
    """Play a scene with a host whose model `a` is loading."""
    monkeypatch.setattr(host, "Pool", Pool)

    async def run(scene: Scene) -> None:
        settings = Settings(multi_model=True, models_dir=tmp_path)
        models = host.Host(settings, Metrics(), on_failure=lambda _: None)
        loading = asyncio.ensure_future(models.load("a", str(tmp_path)))
        await asyncio.sleep(0)
        await scene(models, loading, Pool.made[-1], tmp_path)

    return lambda scene: asyncio.run(run(scene))


def status(of: Callable[[], Any]) -> int:
    with pytest.raises(RequestError) as refusal:
        of()
    return refusal.value.status


async def awaited(task: Any) -> int:
    with pytest.raises(RequestError) as refusal:
        await task
    return refusal.value.status


def test_a_model_that_fails_later_is_as_if_it_had_never_been_loaded(
    play: Callable[[Scene], None],
) -> None:
    async def scene(
        models: host.Host, loading: "asyncio.Task[None]", pool: Pool, folder: Path
    ) -> None:
        pool.start()
        await loading
        assert list(models.names) == ["a"]
        pool.fail("it ends at once")
        assert status(lambda: models.named("a")) == 404
        assert await awaited(models.unload("a")) == 404
        assert not models.names
        again = asyncio.ensure_future(models.load("a", str(folder)))
        await asyncio.sleep(0.01)
        assert pool.stopped
        assert Pool.made[-1] is not pool
        Pool.made[-1].start()
        await again
        assert list(models.names) == ["a"]

    play(scene)


def test_a_model_that_cannot_be_loaded_can_be_loaded_again(play: Callable[[Scene], None]) -> None:
    async def scene(
        models: host.Host, loading: "asyncio.Task[None]", pool: Pool, folder: Path
    ) -> None:
        assert await awaited(models.load("a", str(folder))) == 409
        pool.fail("no such module")
        assert await awaited(loading) == 500
        again = asyncio.ensure_future(models.load("a", str(folder)))
        await asyncio.sleep(0)
        Pool.made[-1].fail("the worker was ended by SIGKILL")
        assert await awaited(again) == 507

    play(scene)


def test_a_model_that_is_loading_can_be_unloaded(play: Callable[[Scene], None]) -> None:
    async def scene(models: host.Host, loading: "asyncio.Task[None]", pool: Pool, _: Path) -> None:
        await models.unload("a")
        assert pool.stopped
        assert await awaited(loading) == 409
        assert await awaited(models.unload("a")) == 404

    play(scene)
