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
    """Return the free bytes of the machine, or of the cgroup if it has fewer."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    free = int(found[1]) * 1024 if found else 0
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit_text = (cgroup / limit).read_text().strip()
            if limit_text != "max":
                free = min(free, int(limit_text) - int((cgroup / used).read_text()))
        except OSError:
            continue
    return max(0, free)


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
