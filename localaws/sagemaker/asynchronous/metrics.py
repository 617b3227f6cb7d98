"""The metrics of asynchronous endpoints, after the guide's page on monitoring them.

Those of the queue have the dimension EndpointName, those of a request VariantName too. Neither
Invocations nor InvocationsPerInstance is published.
"""

from collections.abc import Mapping

from localaws.sagemaker.metrics import put
from localaws.sagemaker.state import Endpoint


def publish_queue(endpoint: Endpoint, now: float) -> None:
    """Publish the state of an endpoint's queue. Call it on the event loop.

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
        put(endpoint.scope, name, {value: 1}, EndpointName=endpoint.name)


def publish_outcome(endpoint: Endpoint, variant: str, values: Mapping[str, float]) -> None:
    """Publish what became of a request. Call it on the event loop."""
    for name, value in values.items():
        put(endpoint.scope, name, {value: 1}, EndpointName=endpoint.name, VariantName=variant)
