"""`python -m bench.serving.failures`: what a server does when things go wrong.

Ours alone; `--peers` adds one of each family, `--command` takes any other by its start command.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path

from rich.console import Console

from ...environments import CACHE, SetupError
from .. import workload
from ..catalogue import catalogue, given, ours
from ..report import Table
from ..servers import Running, Server, ServerError, end_with_contexts
from ..shapes import model_of
from .conformance import conformance
from .deaths import DEATHS, with_handlers
from .scenarios import FULL, QUICK, SCENARIOS, Extent
from .score import Score
from .soak import Soak, soak
from .watch import Scene

_TEXTS = 64

Scores = dict[str, list[Score]]  # by the name of the server


def main() -> int:
    """Put servers through the scenarios; 1 where the first of them fails one."""
    arguments = _arguments()
    end_with_contexts()
    console = Console(stderr=True)
    servers = _servers(arguments)
    model, texts = model_of("small"), workload.texts(_TEXTS, seed=2)
    try:
        if arguments.soak:
            return _soak(servers[0], model, texts, arguments.soak, console)
        scores = _scores(servers, model, texts, arguments, console)
        with console.status(f"{servers[0].name}: schemathesis"):
            faults = [] if arguments.only else conformance(servers[0], model, texts[0])
    except (SetupError, ServerError) as error:
        console.print(f"failures: {error}", style="red", markup=False)
        return 2
    for table in tables(scores):
        if arguments.markdown:
            print(table.markdown(), end="\n\n")
        else:
            table.show()
    for fault in faults:
        print(f"schemathesis: {fault}")
    _write(scores, faults, arguments.json)
    judged = scores[servers[0].name]
    return 1 if faults or any(each.lost or each.hung for each in judged) else 0


def tables(scores: Scores) -> list[Table]:
    """A table for each server."""
    head = ["scenario", "good requests", "lost", "refused", "hung", "/ping wrong for s"]
    head += ["serves after s", "remarks"]
    return [
        Table(f"Failures: {name}.", head, [_row(each) for each in scored])
        for name, scored in scores.items()
    ]


def _row(score: Score) -> list[str]:
    counts = [str(number) for number in (score.good, score.lost, score.refused, score.hung)]
    seconds = [
        "for good" if value == inf else f"{value:.1f}"
        for value in (score.ping_seconds, score.serving_seconds)
    ]
    if score.serving_seconds == inf:
        seconds[1] = "never"
    return [score.scenario, *counts, *seconds, score.note.replace("|", "/")]


def _scores(
    servers: Sequence[Server],
    model: Path,
    texts: Sequence[str],
    arguments: argparse.Namespace,
    console: Console,
) -> Scores:
    extent = FULL if arguments.full else QUICK
    scores: Scores = {server.name: [] for server in servers}
    for server in servers:
        for name in arguments.only or [*SCENARIOS, *DEATHS]:
            with console.status(f"{server.name}: {name}"):
                scores[server.name].append(_score(server, model, texts, name, extent))
    return scores


def _score(server: Server, model: Path, texts: Sequence[str], name: str, extent: Extent) -> Score:
    """Start a server for one scenario."""
    if name in DEATHS:
        with Running(with_handlers(server, name), model) as running:
            return DEATHS[name](Scene(running, texts), 4 * extent.seconds)
    with Running(server, model) as running:
        return SCENARIOS[name](Scene(running, texts), extent)


def _soak(
    server: Server, model: Path, texts: Sequence[str], minutes: float, console: Console
) -> int:
    with Running(server, model) as running:
        found: Soak = soak(running, texts, minutes, console)
    mebibytes = [round(value / 2**20) for value in (found.settled, found.last, found.day)]
    print(
        f"{server.name}: {found.answered} answers in {minutes:g} min, {found.failed} failures; "
        f"{mebibytes[0]} MiB after settling, {mebibytes[1]} at the end; "
        f"{mebibytes[2]:+} MiB in 24 h by the slope"
    )
    return 1 if found.grows or found.failed else 0


def _servers(arguments: argparse.Namespace) -> list[Server]:
    if arguments.command:
        return [given(arguments.command)]
    if not arguments.peers:
        return [ours()]
    families = {server.family: server for server in reversed(catalogue(_cores()))}
    return [families.pop("berth"), *reversed(families.values())]


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _write(scores: Scores, faults: Sequence[str], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    found = {name: [asdict(each) for each in scored] for name, scored in scores.items()}
    file.write_text(json.dumps({"scores": found, "schemathesis": list(faults)}, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.serving.failures", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*SCENARIOS, *DEATHS], help="scenarios")
    parser.add_argument("--full", action="store_true", help="disturbances three times as long")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--peers", action="store_true", help="one of each family of peers as well")
    which.add_argument(
        "--command",
        help="a server that takes the bodies ours takes; {port}, {model} (a folder of "
        "transformers) and {scratch} (an empty folder) are filled in",
    )
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="load, and watch memory")
    parser.add_argument("--json", type=Path, default=CACHE / "failures.json", help="where to write")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
