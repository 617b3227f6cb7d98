"""The server's metrics, which SageMaker reads from `/metrics` as Prometheus text."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .model_metrics import ModelMetricsCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKENS = tuple(float(2**power) for power in range(4, 18))
_ITEMS = tuple(float(2**power) for power in range(11))


class Metrics:
    """The metrics, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self._requests = counter("serving_requests", "Responses sent.", ["route", "status"])
        self._seconds = histogram(
            "serving_request_seconds",
            "Seconds from a request's head to its response's.",
            ["route"],
            buckets=_SECONDS,
        )
        self._counted: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.body_bytes = counter("serving_body_bytes", "Bytes of bodies.")
        self.restarts = counter("serving_worker_restarts", "Workers replaced.")
        self.healthy = gauge("serving_healthy", "Whether /ping gets 200: 1 or 0.")
        self.waiting = gauge("serving_waiting_requests", "Requests without a response yet.")
        self.waiting_tokens = gauge("serving_waiting_tokens", "Tokens of these requests.")
        self.models = gauge("serving_models", "Models loaded.")
        self._batch_tokens = histogram(
            "serving_batch_tokens", "Tokens of a batch.", buckets=_TOKENS
        )
        self._batch_items = histogram("serving_batch_items", "Items of a batch.", buckets=_ITEMS)
        self._batch_seconds = histogram(
            "serving_batch_seconds", "Seconds to compute a batch.", buckets=_SECONDS
        )
        self.model = ModelMetricsCollector()
        registry.register(self.model)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request to a model, and how long it took."""
        # Children are kept, as `labels` looks them up under a lock.
        if (route, status) not in self._counted:
            children = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._counted[route, status] = children
        responses, duration = self._counted[route, status]
        responses.inc()
        duration.observe(seconds)

    def count_batch(self, tokens: int, seconds: float, items: int) -> None:
        """Count a batch that a worker has computed."""
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
        self._batch_items.observe(items)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)
