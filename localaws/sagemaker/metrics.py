"""The metrics of endpoints, put into the emulated CloudWatch.

Names, units and dimensions are those of the developer guide's page on monitoring with CloudWatch.
Every function that publishes runs on the event loop.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localaws.ministack import cloudwatch
from localaws.sagemaker.fleet import Fleet
from localaws.sagemaker.state import STORE, Endpoint
from localaws.scope import Scope

INVOCATIONS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
"""The two namespaces."""

COUNTS_PER_PUBLICATION = 10
"""How many counts of concurrent requests are published together."""

_NAMES = {
    "Count": (
        *("ConcurrentRequestsPerModel", "HasBacklogWithoutCapacity", "ApproximateBacklogSize"),
        *("ApproximateBacklogSizePerInstance", "RequestDownloadFailures", "InvocationFailures"),
        *("ResponseUploadFailures", "NotificationFailures", "ExpiredRequests"),
    ),
    "Microseconds": (
        *("ModelLatency", "OverheadLatency", "ModelDownloadingTime", "ModelLoadingTime"),
        *("ModelLoadingWaitTime", "ModelUnloadingTime"),
    ),
    "Milliseconds": ("TimeInBacklog", "TotalProcessingTime"),
    "Percent": ("CPUUtilization", "MemoryUtilization"),
    "Seconds": ("ApproximateAgeOfOldestRequest",),
}
_UNITS = {name: unit for unit, names in _NAMES.items() for name in names}
"""The unit of each metric; "None" for all others."""


@dataclass(frozen=True)
class Subject:
    """The variant that a metric is of, as it was configured by an endpoint configuration."""

    scope: Scope
    endpoint: str
    variant: str
    config: str = ""


def put(
    scope: Scope,
    name: str,
    counts: dict[float, int],
    *,
    namespace: str = INVOCATIONS,
    **dimensions: str,
) -> None:
    """Publish values of a metric, each with how often it was measured."""
    cloudwatch.record_metric(
        scope,
        namespace=namespace,
        name=name,
        unit=_UNITS.get(name, "None"),
        dimensions=dimensions,
        counts=counts,
    )


_gathered: defaultdict[tuple[Subject, str], Counter[float]] = defaultdict(Counter)


def count_invocation(
    subject: Subject, *, status: int, instances: int, model_seconds: float, overhead_seconds: float
) -> None:
    """Count one invocation: the container's status, and the time in it and around it.

    An error metric gets a 1 for such a response and a 0 for every other, so that its sum counts
    errors and its average is their rate.
    """
    values = {
        "Invocations": 1.0,
        "InvocationsPerInstance": 1.0 / max(1, instances),
        "Invocation4XXErrors": float(400 <= status < 500),
        "Invocation5XXErrors": float(status >= 500),
        "ModelLatency": microseconds(model_seconds),
        "OverheadLatency": microseconds(overhead_seconds),
    }
    for name, value in values.items():
        gather(subject, name, value)


def gather(subject: Subject, name: str, value: float) -> None:
    """Keep one more value of a metric for the next publication."""
    _gathered[subject, name][value] += 1


def publish_invocations() -> None:
    """Publish what was gathered since the last time."""
    for (subject, name), counts in _gathered.items():
        of_both = {"EndpointName": subject.endpoint, "VariantName": subject.variant}
        # Per endpoint configuration too, so that an alarm can watch an update's new fleet alone.
        for dimensions in (of_both, {**of_both, "EndpointConfigName": subject.config}):
            put(subject.scope, name, dict(counts), **dimensions)
    _gathered.clear()


def microseconds(seconds: float) -> float:
    """Three significant digits: equal values share a data point, and a p99 stays within 0.5 %."""
    return float(f"{seconds * 1e6:.3g}")


_concurrency: defaultdict[Subject, Counter[float]] = defaultdict(Counter)


def count_concurrent_requests() -> None:
    """Count the requests inside each instance, once a second.

    They are published every 10 s for each model copy, which is an instance here.
    """
    for endpoint in STORE.endpoints():
        for name, variant in endpoint.fleet.variants.items() if endpoint.fleet else ():
            counts = _concurrency[Subject(endpoint.scope, endpoint.name, name)]
            counts.update(float(instance.outstanding) for instance in variant.instances)


def publish_concurrent_requests() -> None:
    """Publish what was counted since the last time."""
    for subject, counts in _concurrency.items():
        put(
            subject.scope,
            "ConcurrentRequestsPerModel",
            dict(counts),
            EndpointName=subject.endpoint,
            VariantName=subject.variant,
        )
    _concurrency.clear()


_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGES = os.sysconf("SC_PHYS_PAGES")


class Meter:
    """Measures the instances' CPU and memory from one call to the next.

    It reads /proc, which only Linux has.
    """

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}

    def measure(self, endpoints: list[Endpoint]) -> list[tuple[Endpoint, str, float, float]]:
        """(endpoint, variant, CPU %, memory %) for each instance that the last call has seen too.

        CPU is 0-100 for each core, memory 0-100 of the machine.
        """
        used, moment, before = _usage(), time.monotonic(), self._before
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
            # A container is in no process group of ours.
            if instance.program.container is None:
                yield name, instance.group


def _usage() -> dict[int, tuple[float, int]]:
    """The CPU seconds and the bytes of memory that every process group has used."""
    total: dict[int, tuple[float, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold spaces.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        group, cpu = int(fields[2]), sum(int(ticks) for ticks in fields[11:15]) / _TICKS
        seconds, held = total.get(group, (0.0, 0))
        total[group] = seconds + cpu, held + int(fields[21]) * _PAGE
    return total


def publish_utilization(measured: list[tuple[Endpoint, str, float, float]]) -> None:
    """Publish what a Meter has measured."""
    for endpoint, variant, cpu, memory in measured:
        of_both = {"EndpointName": endpoint.name, "VariantName": variant}
        for name, value in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
            put(endpoint.scope, name, {round(value, 2): 1}, namespace=INSTANCES, **of_both)
