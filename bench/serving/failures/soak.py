"""Memory under load for minutes, and what it would come to in a day."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from .. import processes
from ..drive import Driver
from ..figures import Figures
from ..servers import Running

DAY_SECONDS = 86_400
SETTLING = 0.2  # of the time: caches fill, allocators find their size
_PHASE_SECONDS = 5
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Soak:
    """Memory in bytes: what was there after settling, and what a day would add."""

    answered: int
    failed: int
    settled: float
    last: float
    day: float

    @property
    def grows(self) -> bool:
        """Whether a day would add more than a tenth, which is more than samples vary by."""
        return self.day > 0.1 * self.settled


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of (seconds, value): outliers do not move it."""
    pairs = combinations(samples, 2)
    return median((late - early) / (to - start) for (start, early), (to, late) in pairs)


def soak(running: Running, texts: Sequence[str], minutes: float, console: Console) -> Soak:
    """Load a running server, and sample its memory between phases."""
    samples: list[tuple[float, float]] = []
    phases: list[Figures] = []
    running.wait(texts[0])
    with TemporaryDirectory() as scratch, console.status("soak") as status:
        driver = Driver(running, texts, Path(scratch))
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < minutes * 60:
            phases.append(driver.closed(_CONNECTIONS, _PHASE_SECONDS))
            samples.append((now, processes.resident_bytes(running.process.pid)))
            status.update(f"soak: {now / 60:.1f} min, {samples[-1][1] / 2**20:.0f} MiB")
    kept = [sample for sample in samples if sample[0] >= SETTLING * samples[-1][0]]
    return Soak(
        answered=round(sum(phase.rate for phase in phases) * _PHASE_SECONDS),
        failed=round(sum(phase.failed + phase.hung for phase in phases)),
        settled=kept[0][1],
        last=kept[-1][1],
        day=slope(kept) * DAY_SECONDS,
    )
