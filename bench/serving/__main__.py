"""`python -m bench.serving`: our server beside others, with the same model and texts.

Three minutes; `--full` takes about forty, and is what docs/performance.md reports. On a machine
with a GPU all servers use it; `--shape base` and `--shape large` are BERT's two sizes.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.status import Status

from ..environments import CACHE, SetupError
from . import predictions, report, results, workload
from .catalogue import AGGREGATION, catalogue
from .measure import FULL, QUICK, Task, measure
from .results import Results
from .servers import Server, ServerError, end_with_contexts
from .shapes import SHAPES, model_of

TEXTS = 2000


def main() -> int:
    """Measure, print tables and write results; 1 if a server failed or found something else."""
    arguments = _arguments()
    end_with_contexts()
    cores = len(os.sched_getaffinity(0))
    effort = replace(FULL if arguments.full else QUICK, generators=max(1, cores // 4))
    gpu = results.gpu()
    servers = _chosen(catalogue(cores, gpu=gpu is not None), arguments.only)
    if not servers:
        print(f"bench: no server's name has any of {arguments.only} in it", file=sys.stderr)
        return 2
    console = Console(stderr=True)
    found = Results(machine=results.machine(gpu), shape=arguments.shape)
    with console.status("model"):
        model = model_of(arguments.shape)
        texts = workload.texts(TEXTS, seed=1)
        expected = predictions.reference(model, texts[: effort.compared], AGGREGATION)
        task = Task(model=model, texts=texts, expected=expected, effort=effort)
    with console.status("") as status:
        for title, server in _turns(servers, effort.rounds):
            try:
                found.measured.append(measure(server, task, _say(status, title, server)))
            except (ServerError, SetupError, OSError, subprocess.CalledProcessError) as error:
                found.failed[server.name] = str(error)
            console.print(f"{title}: {server.name}: done", highlight=False)
            results.write(found, arguments.json)
    report.show(found, markdown=arguments.markdown)
    console.print(f"written to {arguments.json}")
    wrong = [each for each in found.measured if each.agreement.equal < each.agreement.texts]
    return 1 if found.failed or wrong else 0


def _turns(servers: Sequence[Server], rounds: int) -> Iterator[tuple[str, Server]]:
    """Every server once in each round, in an order of the round's own."""
    for number in range(rounds):
        turn = number * len(servers) // rounds
        for server in (*servers[turn:], *servers[:turn]):
            yield f"round {number + 1} of {rounds}", server


def _say(status: Status, title: str, server: Server) -> Callable[[str], None]:
    return lambda what: status.update(f"{title}: {server.name}: {what}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.serving", description=__doc__)
    parser.add_argument("--full", action="store_true", help="three rounds of longer phases")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="of the model")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the names of servers")
    parser.add_argument("--json", type=Path, default=CACHE / "results.json", help="where to write")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser.parse_args()


def _chosen(servers: Sequence[Server], parts: Sequence[str]) -> list[Server]:
    wanted = [part.casefold() for part in parts] or [""]
    return [each for each in servers if any(part in each.name.casefold() for part in wanted)]


if __name__ == "__main__":
    sys.exit(main())
