"""Results as tables, on the screen and in Markdown: `python -m bench.serving.report FILE...`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan, nan
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table as RichTable

from . import results
from .measure import LIMIT_MS, Measured
from .results import Results

OURS = "berth"
_WIDE = 180


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a head, and rows of the same length."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table in Markdown, its title above."""
        lines = [self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows]
        return f"{self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def show(self) -> None:
        """Print the table; where there is no screen, as wide as it needs to be."""
        console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
        table = RichTable(title=self.title, title_justify="left")
        for index, name in enumerate(self.head):
            table.add_column(name, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)


def tables(found: Results) -> list[Table]:
    """All tables of the results."""
    servers = found.servers()
    made = [_offline(found)] if found.offline else []
    if servers:
        made += [_rates(servers), _latencies(servers), _ratios(found, servers), _costs(servers)]
        made.append(_agreements(servers))
    if found.failed:
        rows = [[name, reason] for name, reason in found.failed.items()]
        made.append(Table("Not measured.", ["server", "why"], rows))
    return made


def _offline(found: Results) -> Table:
    limits = {name: median(rates) for name, rates in found.offline.items()}
    plain = next(iter(limits.values()))
    rows = [[name, _number(rate), f"{rate / plain:.2f}"] for name, rate in limits.items()]
    return Table("Without a server, texts a second.", ["path", "rate", "ratio"], rows)


def _rates(servers: Sequence[Measured]) -> Table:
    connections = list(servers[0].closed)
    head = ["server", *(f"{number} conn." for number in connections), f"p99 < {LIMIT_MS} ms"]
    rows = [
        [
            each.server,
            *(_number(each.closed[number].rate) for number in connections),
            _number(each.open_rate),
        ]
        for each in servers
    ]
    return Table(
        "Answers a second: closed loops, and the highest rate of an open loop.", head, rows
    )


def _latencies(servers: Sequence[Measured]) -> Table:
    connections = list(servers[0].closed)
    head = ["server", *(f"{number} conn." for number in connections), "half load"]
    rows = []
    for each in servers:
        phases = [*(each.closed[number] for number in connections), each.half]
        cells = [
            " / ".join(_number(value) for value in (phase.p50, phase.p95, phase.p99))
            if phase
            else "-"
            for phase in phases
        ]
        rows.append([each.server, *cells])
    return Table("Latency in ms: p50 / p95 / p99.", head, rows)


def _ratios(found: Results, servers: Sequence[Measured]) -> Table:
    """Each figure to the best peer's; throughput also to the limits without a server."""
    peers = [each for each in servers if each.family != OURS] or servers
    limits = {name: median(rates) for name, rates in found.offline.items()}
    head = ["figure", "best peer", *(each.server for each in servers if each.family == OURS)]
    head += [f"of {name}" for name in limits]
    rows = []
    for title, value, best in _compared(servers[0]):
        theirs = best(v for each in peers if not isnan(v := value(each)))
        row = [title, _number(theirs)]
        ours = [value(each) for each in servers if each.family == OURS]
        row += [f"{_number(mine)} ({mine / theirs:.2f}x)" if theirs else "-" for mine in ours]
        rate = [*ours, theirs][0]
        row += [f"{rate / limit:.2f}" if best is max else "" for limit in limits.values()]
        rows.append(row)
    return Table("Ours to the best peer in each figure, and to the limits offline.", head, rows)


def _compared(
    one: Measured,
) -> list[tuple[str, Callable[[Measured], float], Callable[..., float]]]:
    """What is compared: its name, how to read it of a server, and whether more or less is best."""

    def rate(each: Measured, connections: str) -> float:
        return each.closed[connections].rate

    def p99(each: Measured, connections: str) -> float:
        return each.closed[connections].p99

    def half(each: Measured) -> float:
        return each.half.p99 if each.half else nan

    def open_rate(each: Measured) -> float:
        return each.open_rate or 0.0

    return [
        *((f"rate, {each} conn.", partial(rate, connections=each), max) for each in one.closed),
        *((f"p99 ms, {each} conn.", partial(p99, connections=each), min) for each in one.closed),
        *([("p99 ms, half load", half, min)] if one.half else []),
        *([(f"rate, p99 < {LIMIT_MS} ms", open_rate, max)] if one.open_rate is not None else []),
    ]


def _costs(servers: Sequence[Measured]) -> Table:
    head = ["server", "start s", "MiB", "cores, ours + generator", "slowest /ping ms"]
    head += ["failed", "hung", "others' cores"]
    rows = []
    for each in servers:
        phases = [*each.closed.values(), *([each.half] if each.half else [])]
        busiest = max(each.closed.values(), key=lambda figures: figures.server_cpu)
        rows.append(
            [
                each.server,
                f"{each.start:.1f}",
                f"{each.memory / 2**20:.0f}",
                f"{busiest.server_cpu:.2f} + {busiest.generator_cpu:.2f}",
                _number(max(phase.ping_ms for phase in phases)),
                f"{sum(phase.failed for phase in phases):.0f}",
                f"{sum(phase.hung for phase in phases):.0f}",
                f"{max(phase.other_cpu for phase in phases):.2f}",
            ]
        )
    return Table("What it takes, and what went wrong.", head, rows)


def _agreements(servers: Sequence[Measured]) -> Table:
    head = [
        "server",
        "texts",
        "equal",
        "entities",
        "missing",
        "extra",
        "largest score difference",
    ]
    rows = [
        [
            each.server,
            *(str(number) for number in (found.texts, found.equal, found.spans)),
            *(str(number) for number in (found.missing, found.extra)),
            f"{found.score:.1e}",
        ]
        for each in servers
        for found in (each.agreement,)
    ]
    return Table("Predictions beside those of transformers' pipeline.", head, rows)


def _number(value: float | None) -> str:
    if value is None or isnan(value):
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def main() -> int:
    """Put result files together, and print their tables."""
    parser = argparse.ArgumentParser("python -m bench.serving.report", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    try:
        found = results.read(arguments.files)
    except (OSError, ValueError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    show(found, markdown=arguments.markdown)
    return 0


def show(found: Results, *, markdown: bool) -> None:
    """Print all tables."""
    for table in tables(found):
        if markdown:
            print(table.markdown(), end="\n\n")
        else:
            table.show()


if __name__ == "__main__":
    sys.exit(main())
