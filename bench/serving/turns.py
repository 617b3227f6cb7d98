"""`python -m bench.serving.turns`: the server and our own offline rate, in short turns on CPU.

The two are seconds apart, so that a machine whose speed swings does not decide on their ratio.
Each phase of load is held against the offline rates before and after it; medians are printed. The
open loop runs at a set part of the offline rate just measured, and its latencies are what counts.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from . import offline, workload
from .catalogue import catalogue
from .drive import Driver
from .figures import percentile
from .servers import Running, end_with_contexts
from .shapes import model_of

_SECONDS = 2.0
_OFFLINE_TEXTS = 640
_WARM_SECONDS = 3.0

Turns = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Measure, and print."""
    arguments = _arguments()
    model = model_of("small")
    texts = workload.texts(2000, seed=1)
    (server,) = (each for each in catalogue(2, gpu=False) if each.name == "berth")
    with (
        TemporaryDirectory() as scratch,
        Running(server, model) as running,
        offline.ours(model) as limit,
    ):
        running.wait(texts[0])
        driver = Driver(running, texts, Path(scratch))
        driver.closed(64, _WARM_SECONDS)
        turns: Turns = defaultdict(list)
        before = limit(texts[:_OFFLINE_TEXTS])
        for _ in range(arguments.rounds):
            for connections in (*arguments.connections, None):
                if connections is None:
                    name = f"open loop at {arguments.open:g} of offline"
                    figures, _ = driver.steady(arguments.open * before, _SECONDS)
                else:
                    name = f"{connections} connections"
                    figures = driver.closed(connections, _SECONDS)
                after = limit(texts[:_OFFLINE_TEXTS])
                turns[name].append((figures.rate / ((before + after) / 2), figures.p99))
                before = after
    _show(turns)
    return 0


def _show(turns: Turns) -> None:
    table = Table("", "rate / offline", "quartiles", "p99 ms", title="medians of the turns")
    for name, each in turns.items():
        ratios, slowest = zip(*each, strict=True)
        low, high = (percentile(sorted(ratios), percent) for percent in (25, 75))
        quartiles = f"{low:.2f} to {high:.2f}"
        table.add_row(name, f"{median(ratios):.2f}", quartiles, f"{median(slowest):.0f}")
    Console().print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.serving.turns", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--open", type=float, default=0.8, help="part of the offline rate")
    return parser.parse_args()


if __name__ == "__main__":
    end_with_contexts()
    sys.exit(main())
