"""The server's metrics: `/metrics` shows them as Prometheus text, which SageMaker scrapes."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .model_metrics import ModelMetricsCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKENS = tuple(float(2**power) for power in range(4, 18))
_ITEMS = tuple(float(2**power) for power in range(11))


class Metrics:
    """The server's counters, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "serving_requests", "Requests answered.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "serving_request_seconds",
            "From a request's head to its answer's.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._counted: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.body_bytes = Counter("serving_body_bytes", "Bytes of bodies.", registry=registry)
        self.restarts = Counter("serving_worker_restarts", "Workers replaced.", registry=registry)
        self.healthy = Gauge("serving_healthy", "What /ping says: 1 or 0.", registry=registry)
        self.waiting = Gauge(
            "serving_waiting_requests", "Requests without an answer yet.", registry=registry
        )
        self.waiting_tokens = Gauge(
            "serving_waiting_tokens", "What they cost together, in tokens.", registry=registry
        )
        self.models = Gauge("serving_models", "Models loaded.", registry=registry)
        self._batch_tokens = Histogram(
            "serving_batch_tokens", "Tokens of a batch.", buckets=_TOKENS, registry=registry
        )
        self._batch_items = Histogram(
            "serving_batch_items", "Items of a batch.", buckets=_ITEMS, registry=registry
        )
        self._batch_seconds = Histogram(
            "serving_batch_seconds", "Computing of a batch.", buckets=_SECONDS, registry=registry
        )
        self.model = ModelMetricsCollector()
        registry.register(self.model)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request to a model, and how long it took."""
        # `labels` looks each of them up under a lock.
        if (route, status) not in self._counted:
            children = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._counted[route, status] = children
        answered, taken = self._counted[route, status]
        answered.inc()
        taken.observe(seconds)

    def count_batch(self, tokens: int, seconds: float, items: int) -> None:
        """Count a batch that a worker has computed."""
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
        self._batch_items.observe(items)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)
