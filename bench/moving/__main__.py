"""`python -m bench.moving`: a model and an image, moved by promotion and by others.

Ours and the other program take turns, on one machine; the median of the ratios of the turns is what
counts. What is moved lies in a temporary folder (TMPDIR says where), which goes away in the end.
"""

import argparse
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench.environments import SetupError
from bench.moving.images import images
from bench.moving.measure import Case, Taken, copy
from bench.moving.objects import objects
from bench.serving.servers import end_with_contexts

MODEL_BYTES, LAYER_BYTES = 2 * 10**9, 10**9
MOST_MEMORY = 200 * 2**20
LEAST_RATIO = 0.8


@dataclass
class Results:
    """What the turns of a case took."""

    case: Case
    ours: list[Taken] = field(default_factory=list)
    peer: list[Taken] = field(default_factory=list)

    def take_turn(self, number: int) -> None:
        """Copy once with each; every other turn begins with ours."""
        turns = [(self.ours, self.case.ours), (self.peer, self.case.peer)]
        for taken, commands in turns[:: 1 if number % 2 else -1]:
            name = f"copy{number}"
            taken.append(copy(commands(name), self.case.servers))
            self.case.remove(name)

    @property
    def ratio(self) -> float:
        """Of our bytes a second to the peer's."""
        pairs = zip(self.ours, self.peer, strict=True)
        return statistics.median(peer.seconds / ours.seconds for ours, peer in pairs)

    @property
    def memory(self) -> int:
        """The most that ours had, in bytes."""
        return max(int(each.output) * 2**10 for each in self.ours)


def main() -> int:
    """Measure, print a table; 1 where ours is over its memory or under its share of the peer's."""
    parser = argparse.ArgumentParser("python -m bench.moving", description=__doc__)
    parser.add_argument("--turns", type=int, default=3, help="of each program; default: 3")
    parser.add_argument("--share", type=float, default=1.0, help="of the bytes, for a quick look")
    arguments = parser.parse_args()
    end_with_contexts()
    console = Console(stderr=True, highlight=False)
    measured: list[Results] = []
    for kind, size in ((objects, MODEL_BYTES), (images, LAYER_BYTES)):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-moving-")))
            try:
                cases = stack.enter_context(kind(folder, int(size * arguments.share)))
            except SetupError as error:
                console.print(f"{kind.__name__}: skipped: {error}")
                continue
            for results in map(Results, cases):
                for number in range(arguments.turns):
                    console.print(f"{results.case.title}, {number + 1} of {arguments.turns}")
                    results.take_turn(number)
                measured.append(results)
    _show(measured)
    return 0 if all(map(_is_good, measured)) else 1


def _is_good(results: Results) -> bool:
    return results.memory <= MOST_MEMORY and results.ratio >= LEAST_RATIO


def _show(measured: list[Results]) -> None:
    """A row for each program; CPU seconds are for a GB, its own and of what it copied between."""
    table = Table("", "", "MB/s", "ratio", "CPU s/GB", "servers'", "MiB")
    for results in measured:
        size = results.case.size
        for name, taken in (("berth", results.ours), (results.case.peer_name, results.peer)):
            is_ours = taken is results.ours
            table.add_row(
                results.case.title if is_ours else "",
                name,
                f"{size / 1e6 / statistics.median(each.seconds for each in taken):.0f}",
                f"{results.ratio:.2f}" if is_ours else "",
                f"{statistics.median(each.cpu for each in taken) * 1e9 / size:.1f}",
                f"{statistics.median(each.servers_cpu for each in taken) * 1e9 / size:.1f}",
                f"{results.memory / 2**20:.0f}" if is_ours else "",
            )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
