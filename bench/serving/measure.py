"""One server measured, from its start to its end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from . import processes
from .drive import Driver
from .figures import Figures, highest_rate
from .predictions import Agreement, compare
from .servers import Running, Server, Span

LIMIT_MS = 250  # that the 99th percentile of an open loop has to stay under
_DISTURBED = 0.15  # cores that others used meanwhile: such a phase is measured again
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure: seconds of a phase and of a probe, and how many of these.

    Attributes:
        connections: those of the closed loops.
        probes: of the open loop; 0 leaves it out.
    """

    connections: Sequence[int]
    warm: float
    phase: float
    probe: float
    probes: int
    rounds: int
    compared: int = 200
    generators: int = 1


QUICK = Effort(
    connections=(1, 8, 32, 64), warm=2, phase=3, probe=3, probes=3, rounds=1, compared=50
)
FULL = Effort(connections=(1, 8, 32, 64), warm=5, phase=10, probe=12, probes=6, rounds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A server in one round.

    Attributes:
        start: seconds from its start to its first answer.
        memory: bytes after the load, of all its processes.
        closed: figures by the number of connections.
        open_rate: the highest rate of an open loop with a p99 under LIMIT_MS; None: not looked for.
        half: an open loop at half of the best closed rate.
    """

    server: str
    family: str
    start: float
    memory: int
    agreement: Agreement
    closed: dict[str, Figures] = field(default_factory=dict)
    open_rate: float | None = None
    half: Figures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The model, the texts, what is to be found in the first of them, and how long to measure."""

    model: Path
    texts: Sequence[str]
    expected: Sequence[Sequence[Span]]
    effort: Effort


def measure(server: Server, task: Task, say: Callable[[str], None]) -> Measured:
    """Start a server, compare what it finds, load it, and stop it.

    Raises:
        ServerError: when it does not start or does not answer.
    """
    texts, expected, effort = task.texts, task.expected, task.effort
    with TemporaryDirectory() as scratch, Running(server, task.model) as running:
        say("starts")
        start = running.wait(texts[0])
        say("answers the texts to compare")
        agreement = compare(expected, [running.predict(text) for text in texts[: len(expected)]])
        driver = Driver(running, texts, Path(scratch), generators=effort.generators)
        say("warms up")
        driver.closed(max(effort.connections), effort.warm)
        closed = {}
        for connections in effort.connections:
            say(f"{connections} connections")
            closed[str(connections)] = _calm(partial(driver.closed, connections, effort.phase))
        best = max(figures.rate for figures in closed.values())
        open_rate = half = None
        if effort.probes and best:
            say("half load")
            half = _calm(lambda: driver.steady(best / 2, effort.phase)[0])
            say("open loop")
            open_rate = _open_rate(driver, best, effort)
        return Measured(
            server=server.name,
            family=server.family,
            start=start,
            memory=processes.resident_bytes(running.process.pid),
            agreement=agreement,
            closed=closed,
            open_rate=open_rate,
            half=half,
        )


def _calm(phase: Callable[[], Figures]) -> Figures:
    """Measure until nobody else used the machine; the calmest of a few tries otherwise."""
    tries = []
    for _ in range(_TRIES):
        tries.append(phase())
        if tries[-1].other_cpu < _DISTURBED:
            break
    return min(tries, key=lambda figures: figures.other_cpu)


def _open_rate(driver: Driver, best: float, effort: Effort) -> float:
    def holds(rate: float) -> bool:
        time.sleep(0.5)  # what the last probe has left
        figures, kept_up = driver.steady(rate, effort.probe)
        return kept_up and not figures.failed and not figures.hung and figures.p99 < LIMIT_MS

    return highest_rate(holds, best / 4, best * 1.1, probes=effort.probes)
