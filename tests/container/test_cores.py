import os
from pathlib import Path

import pytest

from berth_serving.cores import usable_cores

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
