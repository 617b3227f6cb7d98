import os
from pathlib import Path

import pytest

from berth_serving.cores import available_memory, usable_cores

CORES = len(os.sched_getaffinity(0))


def test_without_a_quota_it_is_the_affinity(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == CORES
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) == CORES


@pytest.mark.parametrize(
    ("quota", "cores"), [("100000", 1), ("50000", 1), (f"{CORES + 1}00000", CORES)]
)
def test_a_quota_limits_it_in_both_versions_of_cgroup(
    tmp_path: Path, quota: str, cores: int
) -> None:
    version_1, version_2 = tmp_path / "1", tmp_path / "2"
    (version_1 / "cpu").mkdir(parents=True)
    (version_1 / "cpu/cpu.cfs_quota_us").write_text(f"{quota}\n")
    (version_1 / "cpu/cpu.cfs_period_us").write_text("100000\n")
    version_2.mkdir()
    (version_2 / "cpu.max").write_text(f"{quota} 100000\n")
    assert usable_cores(version_1) == usable_cores(version_2) == cores


GIB = 2**30


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    file = tmp_path / "meminfo"
    file.write_text(f"MemTotal: {64 * 2**20} kB\nMemAvailable:   {32 * 2**20} kB\n")
    return file


def memory_1(folder: Path, limit: int, used: int, inactive: int) -> Path:
    (folder / "memory").mkdir(parents=True)
    (folder / "memory/memory.limit_in_bytes").write_text(f"{limit}\n")
    (folder / "memory/memory.usage_in_bytes").write_text(f"{used}\n")
    (folder / "memory/memory.stat").write_text(
        f"inactive_file 7\ntotal_cache 9\ntotal_inactive_file {inactive}\n"
    )
    return folder


def memory_2(folder: Path, limit: int | str, used: int, inactive: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\nactive_file 5\n")
    return folder


def test_page_cache_that_can_be_given_back_is_free_memory(tmp_path: Path, meminfo: Path) -> None:
    numbers = (8 * GIB, 8 * GIB - 2**20, 7 * GIB)
    for cgroup in (memory_1(tmp_path / "1", *numbers), memory_2(tmp_path / "2", *numbers)):
        assert available_memory(cgroup, meminfo) == 7 * GIB + 2**20


def test_without_a_limit_it_is_what_the_machine_has(tmp_path: Path, meminfo: Path) -> None:
    assert available_memory(tmp_path / "none", meminfo) == 32 * GIB
    assert available_memory(memory_2(tmp_path / "2", "max", 1, 1), meminfo) == 32 * GIB


def test_more_cache_than_use_is_no_more_than_the_limit(tmp_path: Path, meminfo: Path) -> None:
    assert available_memory(memory_2(tmp_path / "2", GIB, 1000, 2000), meminfo) == GIB
