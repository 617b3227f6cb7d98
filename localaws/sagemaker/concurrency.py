"""How many requests are inside an instance at a moment: ConcurrentRequestsPerModel.

After the guide's page on monitoring with CloudWatch: published every 10 s for each model copy,
which is an instance here; the requests are counted every second.
"""

from collections import Counter, defaultdict

from localaws.ministack import cloudwatch
from localaws.sagemaker.metrics import NAMESPACE, Subject
from localaws.sagemaker.state import STORE

BEATS = 10
"""How many counts are published together."""

_counted: defaultdict[Subject, Counter[float]] = defaultdict(Counter)


def count() -> None:
    """Look at every instance once."""
    for endpoint in STORE.endpoints():
        for name, variant in endpoint.fleet.variants.items() if endpoint.fleet else ():
            for instance in variant.instances:
                _counted[Subject(endpoint.scope, endpoint.name, name)][instance.outstanding] += 1


def publish() -> None:
    """Put what was counted since the last time to the emulated CloudWatch, on the event loop."""
    for subject, counts in _counted.items():
        cloudwatch.record_metric(
            subject.scope,
            namespace=NAMESPACE,
            name="ConcurrentRequestsPerModel",
            unit="Count",
            dimensions={"EndpointName": subject.endpoint, "VariantName": subject.variant},
            counts=dict(counts),
        )
    _counted.clear()
