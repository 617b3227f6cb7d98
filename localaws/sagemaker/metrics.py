"""The metrics of endpoints, put into the emulated CloudWatch.

Names, units and dimensions are those of the developer guide's page on monitoring with CloudWatch.
Every function that publishes runs on the event loop.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from localaws.ministack import cloudwatch
from localaws.sagemaker.state import STORE, Endpoint
from localaws.sagemaker.variant import Variant
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


def variants_of(endpoints: Iterable[Endpoint]) -> Iterator[tuple[Endpoint, str, Variant]]:
    """Every variant in service, with its endpoint and its name."""
    for endpoint in endpoints:
        for name, variant in endpoint.fleet.variants.items() if endpoint.fleet else ():
            yield endpoint, name, variant


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
    for endpoint, name, variant in variants_of(STORE.endpoints()):
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


class Meter:
    """Measures the instances' CPU and memory from one call to the next."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}

    def measure(self, endpoints: list[Endpoint]) -> list[tuple[Endpoint, str, float, float]]:
        """(endpoint, variant, CPU %, memory %) for each instance that the last call has seen too.

        CPU is 0-100 for each core, memory 0-100 of the machine. Blocks.
        """
        before, self._before = self._before, {}
        found = []
        for endpoint, name, variant in variants_of(endpoints):
            for instance in variant.instances:
                used = None if instance.program.container else _usage(instance.group)
                if used is None:
                    continue
                seconds, memory = used
                moment = time.monotonic()
                self._before[instance.id] = seconds, moment
                if instance.id in before:
                    earlier, then = before[instance.id]
                    cpu = 100 * max(0.0, seconds - earlier) / (moment - then)
                    found.append((endpoint, name, cpu, memory))
        return found


def _usage(process: int) -> tuple[float, float] | None:
    """CPU seconds and memory in percent of a process and its descendants; None at its end."""
    seconds = memory = 0.0
    try:
        leader = psutil.Process(process)
        for one in (leader, *leader.children(recursive=True)):
            with one.oneshot():
                seconds += sum(one.cpu_times())
                memory += one.memory_percent()
    except psutil.Error:
        return None
    return seconds, memory


def publish_utilization(measured: list[tuple[Endpoint, str, float, float]]) -> None:
    """Publish what a Meter has measured."""
    for endpoint, variant, cpu, memory in measured:
        of_both = {"EndpointName": endpoint.name, "VariantName": variant}
        for name, value in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
            put(endpoint.scope, name, {round(value, 2): 1}, namespace=INSTANCES, **of_both)
