"""How many workers a model gets, and what each computes with."""

from pathlib import Path

import pytest

from berth_serving.config import Settings
from berth_serving.front import host

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
