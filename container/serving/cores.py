"""How many CPU cores this process may really use."""

import math
import os
from pathlib import Path


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the cores granted by affinity and by the cgroup's quota (version 2 or 1), at least 1.

    A quota of part of a core is rounded down: a thread too many is throttled with the others.
    """
    return max(1, math.floor(min(len(os.sched_getaffinity(0)), _quota(cgroup))))


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
