"""What asynchronous endpoints publish, after the guide's page on monitoring them.

What the queue is like has the endpoint's name as its one dimension; what became of a request has
the variant's, too. Neither Invocations nor InvocationsPerInstance is published.
"""

from collections.abc import Mapping

from localaws.ministack import cloudwatch
from localaws.sagemaker.metrics import NAMESPACE
from localaws.sagemaker.state import Endpoint

_UNITS = {
    "ApproximateBacklogSize": "Count",
    "ApproximateBacklogSizePerInstance": "Count",
    "ApproximateAgeOfOldestRequest": "Seconds",
    "HasBacklogWithoutCapacity": "Count",
    "RequestDownloadFailures": "Count",
    "ResponseUploadFailures": "Count",
    "NotificationFailures": "Count",
    "InvocationFailures": "Count",
    "ExpiredRequests": "Count",
    "TimeInBacklog": "Milliseconds",
    "TotalProcessingTime": "Milliseconds",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "ModelLatency": "Microseconds",
}


def publish_queue(endpoint: Endpoint, now: float) -> None:
    """Put what an endpoint's queue is like at this moment. Call it on the event loop.

    Without an instance the size per instance is the size: a target tracking policy alone starts
    from zero once that is above its target, as the guide says.
    """
    backlog, fleet = endpoint.backlog, endpoint.fleet
    variants = fleet.variants.values() if fleet else ()
    instances = sum(len(one.instances) for one in variants)
    values = {
        "ApproximateBacklogSize": backlog.size,
        "ApproximateBacklogSizePerInstance": backlog.size / max(1, instances),
        "ApproximateAgeOfOldestRequest": round(backlog.age(now), 3),
        "HasBacklogWithoutCapacity": float(backlog.size > 0 and instances == 0),
    }
    for name, value in values.items():
        _put(endpoint, {}, name, value)


def publish_outcome(endpoint: Endpoint, variant: str, values: Mapping[str, float]) -> None:
    """Put what became of a request. Call it on the event loop."""
    for name, value in values.items():
        _put(endpoint, {"VariantName": variant}, name, value)


def _put(endpoint: Endpoint, more: dict[str, str], name: str, value: float) -> None:
    cloudwatch.record_metric(
        endpoint.scope,
        namespace=NAMESPACE,
        name=name,
        unit=_UNITS[name],
        dimensions={"EndpointName": endpoint.name, **more},
        counts={value: 1},
    )
