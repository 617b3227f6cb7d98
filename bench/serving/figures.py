"""What the measurements come to: percentiles, the median of runs, the highest rate that holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import ceil, nan
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A phase of load, or the medians of several.

    Latencies are in milliseconds; nan where nothing was answered.

    Attributes:
        rate: answers with status 200 a second.
        failed: other answers, and connections that broke.
        hung: requests without an answer when the phase was over and its grace too.
        ping_ms: the slowest `/ping` meanwhile.
        generator_cpu, server_cpu, other_cpu: cores in use by each; `other` is what else the
            machine did, which should be nothing.
    """

    rate: float
    p50: float
    p95: float
    p99: float
    failed: float
    hung: float
    ping_ms: float
    generator_cpu: float
    server_cpu: float
    other_cpu: float


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of the ordered values that `percent` of them do not exceed; nan for none."""
    if not ordered:
        return nan
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure; failures are added up, as none may be lost sight of."""
    sums = {"failed", "hung"}
    return Figures(
        **{
            name: (sum if name in sums else median)([getattr(run, name) for run in runs])
            for name in (each.name for each in fields(Figures))
        }
    )


def highest_rate(holds: Callable[[float], bool], low: float, high: float, *, probes: int) -> float:
    """The highest rate found to hold, by bisection; 0 where none did.

    Args:
        holds: tries a rate.
        low, high: where to look; `low` itself is only tried when nothing above it holds.
    """
    best = 0.0
    bottom = low
    for _ in range(probes):
        rate = (bottom + high) / 2
        if holds(rate):
            best = bottom = rate
        else:
            high = rate
    if best == 0 and holds(low):
        best = low
    return best
