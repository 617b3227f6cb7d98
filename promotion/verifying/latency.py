"""Latency at a stated rate: requests are sent on schedule, however late the responses are."""

import math
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from promotion.evidence import Bucket, Latency
from promotion.verifying.calling import CALLERS

# Bars of about the same width on a logarithmic scale, twelve a decade, from 1 ms to hours.
_STEPS = (1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2)
_EDGES = [round(step * 10.0**power, 1) for power in range(8) for step in _STEPS]

OnEnd = Callable[[int, int], None]
"""Called with the number of requests that have ended, and the number of all."""


def measure(
    send: Callable[[int], bool],
    *,
    requests_per_second: float,
    seconds: float,
    stopped: Event,
    on_end: OnEnd,
) -> tuple[int, list[float]]:
    """The number of requests, and the milliseconds of those that were answered.

    `send` sends the request of a number and returns whether it was answered. Its latency counts
    from the moment when it was due: where all callers wait for responses, a request that is sent
    late for that reason is as slow as it would be to a user. None is sent once `stopped` is set.
    """
    total = max(1, round(requests_per_second * seconds))
    begin = time.monotonic()

    def one(number: int) -> float | None:
        due = begin + number / requests_per_second
        if stopped.wait(max(0.0, due - time.monotonic())) or not send(number):
            return None
        return round(1000 * (time.monotonic() - due), 3)

    answered = []
    with ThreadPoolExecutor(min(total, CALLERS)) as pool:
        try:
            for ended, milliseconds in enumerate(pool.map(one, range(total)), start=1):
                on_end(ended, total)
                if milliseconds is not None:
                    answered.append(milliseconds)
        except BaseException:
            stopped.set()  # else the pool waits for the requests that are not due yet
            raise
    return total, answered


def figures(
    requests: int, answered: Sequence[float], *, requests_per_second: float, seconds: float
) -> Latency | None:
    """The figures of a measurement; None where no request was answered."""
    if not answered:
        return None
    ordered = sorted(answered)
    return Latency(
        requests_per_second=requests_per_second,
        seconds=seconds,
        requests=requests,
        errors=requests - len(ordered),
        p50_ms=percentile(ordered, 50),
        p95_ms=percentile(ordered, 95),
        p99_ms=percentile(ordered, 99),
        histogram=histogram(ordered),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of the values do not exceed (nearest rank)."""
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def histogram(milliseconds: Sequence[float]) -> tuple[Bucket, ...]:
    """Bars from that of the fastest response to that of the slowest, without a gap."""
    counts = Counter(bisect_right(_EDGES, one) for one in milliseconds)
    bars = range(min(counts), max(counts) + 1)
    return tuple(Bucket(below_ms=_EDGES[bar], answers=counts[bar]) for bar in bars)
