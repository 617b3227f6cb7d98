"""What a server's processes use, its children among them."""

from collections.abc import Iterator

import psutil


def tree(root: int) -> list[psutil.Process]:
    """The process and all that it has started, as far as they still run."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(root: int) -> float:
    """CPU time of the tree so far, of its ended children too."""
    total = 0.0
    for process in _alive(root):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_bytes(root: int) -> int:
    """Memory of the tree that is not shared with other processes, and its part of what is."""
    total = 0
    for process in _alive(root):
        total += process.memory_full_info().pss
    return total


def largest_worker(root: int) -> psutil.Process:
    """The process that holds the model: of the Python ones, that with the most memory.

    Raises:
        LookupError: when nothing runs.
    """
    candidates = workers(root)
    if not candidates:
        raise LookupError(f"process {root} is gone")
    return max(candidates, key=lambda process: int(process.memory_info().rss))


def workers(root: int) -> list[psutil.Process]:
    """The Python processes that others have started; the one there is, where it is alone."""
    pythons = [process for process in tree(root) if "python" in _name(process)]
    return [process for process in pythons if process.pid != root] or pythons


def _name(process: psutil.Process) -> str:
    try:
        return str(process.exe())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def alive(process: psutil.Process) -> bool:
    """Whether it still runs; what nobody has waited for yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _alive(root: int) -> Iterator[psutil.Process]:
    return filter(alive, tree(root))


def machine_cpu_seconds() -> float:
    """CPU time that the whole machine has spent at work."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
