"""A GPU that cannot be used is said at the start, and not served from CPU in silence."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from berth_serving.errors import LoadError
from berth_serving.worker import gpu

PROC = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU, as the front tells its worker."""
    monkeypatch.delenv("NVIDIA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    file = tmp_path / "version"
    file.write_text(PROC)
    return file


def torch(monkeypatch: pytest.MonkeyPatch, *, cuda: str | None, usable: bool) -> None:
    """Have the model import a torch."""
    module = SimpleNamespace(
        __version__="2.9.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(is_available=lambda: usable),
    )
    monkeypatch.setitem(sys.modules, "torch", module)


def reason(driver: Path) -> str:
    with pytest.raises(LoadError) as refusal:
        gpu.refuse_cpu(driver)
    return str(refusal.value)


def test_a_driver_that_is_too_old_is_named_with_torchs_cuda(
    monkeypatch: pytest.MonkeyPatch, driver: Path
) -> None:
    torch(monkeypatch, cuda="13.0", usable=False)
    said = reason(driver)
    assert "the driver is 535.183.01, and torch 2.9.0 has CUDA 13.0" in said
    assert "BERTH_ALLOW_CPU=1" in said


def test_a_torch_for_cpu_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch(monkeypatch, cuda=None, usable=False)
    said = reason(tmp_path / "none")
    assert "of an unknown version, and torch 2.9.0 has no CUDA" in said


def test_a_device_that_is_named_and_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, driver: Path
) -> None:
    torch(monkeypatch, cuda="13.0", usable=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(gpu, "gpus", list)
    for everywhere in ("all", "none", "void", ""):
        monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", everywhere)
        gpu.refuse_cpu(driver)
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", "GPU-8932f937")
    reason(driver)


def test_a_gpu_that_can_be_used_and_a_model_without_torch_are_served(
    monkeypatch: pytest.MonkeyPatch, driver: Path
) -> None:
    torch(monkeypatch, cuda="13.0", usable=True)
    gpu.refuse_cpu(driver)
    monkeypatch.delitem(sys.modules, "torch")
    gpu.refuse_cpu(driver)


def test_who_wants_cpu_says_so(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    torch(monkeypatch, cuda="13.0", usable=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpu.refuse_cpu(driver)
