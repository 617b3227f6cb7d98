"""The cores, memory and GPUs that this process may use."""

import math
import os
import re
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """Return the cores granted by affinity and by the cgroup's quota (version 2 or 1), at least 1.

    Part of a core is rounded down: if there is one thread too many, all are throttled.
    """
    return max(1, math.floor(min(len(os.sched_getaffinity(0)), _quota(cgroup))))


def available_memory(cgroup: Path = _CGROUP, meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return the free bytes of the machine, or of the cgroup if it has fewer.

    What a cgroup uses is its working set, without the page cache that the kernel gives back first,
    as kubelet counts it (Kubernetes: "Node-pressure Eviction", memory.available).
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    free = int(found[1]) * 1024 if found else 0
    for folder, limit, used, cached in (
        (cgroup, "memory.max", "memory.current", "inactive_file"),
        (
            cgroup / "memory",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ):
        try:
            limit_text = (folder / limit).read_text().strip()
            if limit_text != "max":
                working_set = int((folder / used).read_text()) - _of(folder / "memory.stat", cached)
                free = min(free, int(limit_text) - max(0, working_set))
        except OSError:
            continue
    return max(0, free)


def _of(statistics: Path, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", statistics.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def gpus(devices: Path = Path("/dev")) -> list[str]:
    """Return the names of the GPUs as in CUDA_VISIBLE_DEVICES."""
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in {"", "-1"}]
    found = [path.name for path in devices.glob("nvidia[0-9]*")]
    return [str(index) for index in range(len(found))]


def _quota(cgroup: Path) -> float:
    try:
        if (version_2 := cgroup / "cpu.max").exists():
            quota, period = version_2.read_text().split()
        else:
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
    except OSError:
        return math.inf
    return math.inf if quota in {"max", "-1"} else int(quota) / int(period)
