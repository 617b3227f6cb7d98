"""What SageMaker publishes of every invocation, gathered and put to the emulated CloudWatch.

Names, units and dimensions as in the developer guide's page on monitoring with CloudWatch. An
error metric gets a 1 for such an answer and a 0 for every other, so that its sum counts errors and
its average is their rate.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from localaws.ministack import cloudwatch
from localaws.scope import Scope

NAMESPACE = "AWS/SageMaker"

_UNITS = {
    "Invocations": "None",
    "InvocationsPerInstance": "None",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
    "ModelCacheHit": "None",
    "ModelDownloadingTime": "Microseconds",
    "ModelLoadingTime": "Microseconds",
    "ModelLoadingWaitTime": "Microseconds",
    "ModelUnloadingTime": "Microseconds",
}


@dataclass(frozen=True)
class Subject:
    """Whose metrics they are."""

    scope: Scope
    endpoint: str
    variant: str
    config: str = ""


_gathered: defaultdict[tuple[Subject, str], Counter[float]] = defaultdict(Counter)


def record(
    subject: Subject, *, status: int, instances: int, model_seconds: float, overhead_seconds: float
) -> None:
    """Count one invocation: the container's status, and the time in it and around it.

    Call it, like `publish`, on the event loop.
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
        tell(subject, name, value)


def tell(subject: Subject, name: str, value: float) -> None:
    """Gather one more value of a metric. Call it on the event loop."""
    _gathered[subject, name][value] += 1


def publish() -> None:
    """Put what was gathered since the last time to the emulated CloudWatch."""
    for (subject, name), counts in _gathered.items():
        of_both = {"EndpointName": subject.endpoint, "VariantName": subject.variant}
        # Per endpoint configuration too, so that an alarm can watch an update's new fleet alone.
        for dimensions in (of_both, {**of_both, "EndpointConfigName": subject.config}):
            cloudwatch.record_metric(
                subject.scope,
                namespace=NAMESPACE,
                name=name,
                unit=_UNITS[name],
                dimensions=dimensions,
                counts=dict(counts),
            )
    _gathered.clear()


def microseconds(seconds: float) -> float:
    """Three significant digits: equal values share a data point, and a p99 stays within 0.5 %."""
    return float(f"{seconds * 1e6:.3g}")
