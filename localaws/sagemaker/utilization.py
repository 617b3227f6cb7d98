"""CPU and memory of the instances, as SageMaker publishes them. Linux alone: it reads /proc."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from localaws.ministack import cloudwatch
from localaws.sagemaker.fleet import Fleet
from localaws.sagemaker.state import Endpoint

NAMESPACE = "/aws/sagemaker/Endpoints"

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGES = os.sysconf("SC_PHYS_PAGES")

Usage = tuple[float, int]
"""CPU seconds used so far, and bytes of memory held now."""


class Meter:
    """Measures instances from one call to the next."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}

    def measure(self, endpoints: list[Endpoint]) -> list[tuple[Endpoint, str, float, float]]:
        """(endpoint, variant, CPU %, memory %) for each instance that was there before too.

        CPU is 0-100 for each core, memory 0-100 of the machine.
        """
        used, moment, before = dict(_usage()), time.monotonic(), self._before
        self._before = {group: (seconds, moment) for group, (seconds, _) in used.items()}
        found = []
        for endpoint, fleet in ((one, one.fleet) for one in endpoints):
            for variant, group in _groups(fleet):
                if group in used and group in before:
                    seconds, held = used[group]
                    earlier, then = before[group]
                    cpu = 100 * max(0.0, seconds - earlier) / (moment - then)
                    found.append((endpoint, variant, cpu, 100 * held / (_PAGE * _PAGES)))
        return found


def _groups(fleet: Fleet | None) -> Iterator[tuple[str, int]]:
    for name, variant in fleet.variants.items() if fleet else ():
        for instance in variant.instances:
            # A container is in no group of ours.
            if instance.program.container is None:
                yield name, instance.group


def _usage() -> Iterator[tuple[int, Usage]]:
    """The usage of every process group."""
    total: dict[int, Usage] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold spaces.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        group, cpu = int(fields[2]), sum(int(ticks) for ticks in fields[11:15]) / _TICKS
        seconds, held = total.get(group, (0.0, 0))
        total[group] = seconds + cpu, held + int(fields[21]) * _PAGE
    yield from total.items()


def publish(measured: list[tuple[Endpoint, str, float, float]]) -> None:
    """Put what was measured to the emulated CloudWatch. Call it on the event loop."""
    for endpoint, variant, cpu, memory in measured:
        for name, value in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
            cloudwatch.record_metric(
                endpoint.scope,
                namespace=NAMESPACE,
                name=name,
                unit="Percent",
                dimensions={"EndpointName": endpoint.name, "VariantName": variant},
                counts={round(value, 2): 1},
            )
