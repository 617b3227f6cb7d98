"""Puts a running server under load, and says what it did."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from . import processes
from .figures import Figures, percentile
from .load import Plan, Seen
from .servers import ROOT, Running

_OPEN_CONNECTIONS = 64  # to begin with; more are opened when all are busy


class Driver:
    """Load for one running server.

    Args:
        texts: what is asked, again and again, each phase going on where the last one ended.
        scratch: an empty folder for the bodies.
        generators: processes of the load generator; one does for thousands of requests a second.
    """

    def __init__(
        self, running: Running, texts: Sequence[str], scratch: Path, *, generators: int = 1
    ) -> None:
        self._running = running
        self._generators = generators
        self._offsets: Iterator[int] = count(0, 997)
        self.bodies = scratch / "bodies.json"
        made = [running.server.body(text).decode() for text in texts]
        self.bodies.write_text(json.dumps(made), encoding="utf-8")

    def closed(self, connections: int, seconds: float) -> Figures:
        """So many connections, each of which asks again when it is answered."""
        shares = _shares(connections, self._generators)
        plans = [self._plan(connections=share, seconds=seconds) for share in shares]
        return self._measure(plans)[0]

    def steady(self, rate: float, seconds: float) -> tuple[Figures, bool]:
        """So many requests a second, and whether the server kept up to the end."""
        plan = self._plan(connections=_OPEN_CONNECTIONS, seconds=seconds)
        plans = [
            replace(plan, rate=rate / self._generators, first=next(self._offsets))
            for _ in range(self._generators)
        ]
        return self._measure(plans)

    def _plan(self, *, connections: int, seconds: float) -> Plan:
        return Plan(
            port=self._running.port,
            bodies=str(self.bodies),
            path=self._running.server.path,
            ping=self._running.server.ping,
            connections=connections,
            seconds=seconds,
            first=next(self._offsets),
        )

    def _measure(self, plans: Sequence[Plan]) -> tuple[Figures, bool]:
        root = self._running.process.pid
        server, machine, begin = (
            processes.cpu_seconds(root),
            processes.machine_cpu_seconds(),
            time.monotonic(),
        )
        with ThreadPoolExecutor(len(plans)) as threads:
            seen = list(threads.map(generate, plans))
        seconds = time.monotonic() - begin
        server = (processes.cpu_seconds(root) - server) / seconds
        machine = (processes.machine_cpu_seconds() - machine) / seconds
        figures = _figures(seen, server=server, machine=machine)
        return figures, not any(each.gave_up for each in seen)


def _shares(total: int, parts: int) -> list[int]:
    shares = [total // parts + (index < total % parts) for index in range(parts)]
    return [share for share in shares if share]


def generate(plan: Plan) -> Seen:
    """Carry a plan out, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.serving.load"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return Seen(**found)


def _figures(seen: Sequence[Seen], *, server: float, machine: float) -> Figures:
    ordered = sorted(latency for each in seen for latency in each.latencies)
    bad = sum(
        number for each in seen for status, number in each.statuses.items() if status != "200"
    )
    pings = [taken if taken else inf for each in seen for _, taken in each.pings]
    generator = sum(each.cpu for each in seen)
    return Figures(
        rate=len(ordered) / seen[0].seconds,
        p50=percentile(ordered, 50),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        failed=bad + sum(each.broken for each in seen),
        hung=sum(each.hung for each in seen),
        ping_ms=max(pings, default=float("nan")),
        generator_cpu=generator,
        server_cpu=server,
        other_cpu=max(0.0, machine - server - generator),
    )
