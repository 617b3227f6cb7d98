"""Model metrics: `/metrics` has the totals since the start, the log has those of each minute."""

import asyncio
import logging
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from ..model_metrics import ModelMetrics

_log = logging.getLogger("serving.model_metrics")

LOG_SECONDS = 60.0
# A float below 0.0001 is written as 5e-05; the guide of CloudWatch Logs has scientific notation in
# patterns, but does not say that a metric filter reads a value so (FilterAndPatternSyntax.html).
_DIGITS = 4


class ModelMetricsCollector(Collector):
    """Adds up the metrics that the workers of all models send."""

    def __init__(self) -> None:
        self._all = ModelMetrics()
        self._unlogged = ModelMetrics()

    def add(self, model_metrics: ModelMetrics) -> None:
        """Add the metrics that a worker has counted since it last sent some."""
        self._all.add(model_metrics)
        self._unlogged.add(model_metrics)

    def collect(self) -> Iterator[Metric]:
        """Return the totals since the start to Prometheus."""
        sums = self._all
        yield CounterMetricFamily("serving_model_texts", "Texts answered.", sums.texts)
        yield CounterMetricFamily("serving_model_tokens", "Tokens of them.", sums.tokens)
        yield CounterMetricFamily(
            "serving_model_unknown_tokens",
            "Tokens that the vocabulary does not have.",
            sums.unknown_tokens,
        )
        entities = CounterMetricFamily(
            "serving_model_entities", "Entities found.", labels=["label"]
        )
        for label, number in sums.entities.items():
            entities.add_metric([label], number)
        yield entities
        classes = CounterMetricFamily("serving_model_classes", "Texts by class.", labels=["label"])
        for label, number in sums.classes.items():
            classes.add_metric([label], number)
        yield classes
        for name, meaning, count, total in (
            ("entity_score", "Scores of entities and classes.", _scored(sums), sums.score),
            ("entropy", "Entropies of texts' classes, in bits.", sums.entropies, sums.entropy),
            ("vector_norm", "Lengths of texts' vectors.", sums.vectors, sums.norm),
        ):
            yield SummaryMetricFamily(
                f"serving_model_{name}", meaning, count_value=count, sum_value=total
            )

    def log(self) -> None:
        """Log the metrics since the last such line, if there was a text."""
        if not self._unlogged.texts:
            return
        extra = {"event": "model_figures", "model": rates(self._unlogged)}
        _log.info("model metrics of the texts since the last line like this one", extra=extra)
        self._unlogged = ModelMetrics()
        # A label that is no longer found is logged as 0.
        self._unlogged.know(entities=self._all.entities, classes=self._all.classes)

    async def log_every_minute(self) -> None:
        """Log the metrics once a minute."""
        while True:
            await asyncio.sleep(LOG_SECONDS)
            self.log()


def rates(sums: ModelMetrics) -> dict[str, object]:
    """Averages per text, token and what was found; an average over nothing is left out."""
    entities = {
        label: round(number / sums.texts, _DIGITS) for label, number in sums.entities.items()
    }
    found: dict[str, object] = {"texts": sums.texts, "entities_per_text": entities}
    if sums.tokens:
        found["tokens_per_text"] = round(sums.tokens / sums.texts, _DIGITS)
        found["unknown_token_share"] = round(sums.unknown_tokens / sums.tokens, _DIGITS)
    if sums.classes:
        found["class_share"] = {
            label: round(number / sums.texts, _DIGITS) for label, number in sums.classes.items()
        }
    for name, count, total in (
        ("mean_score", _scored(sums), sums.score),
        ("mean_entropy", sums.entropies, sums.entropy),
        ("mean_norm", sums.vectors, sums.norm),
    ):
        if count:
            found[name] = round(total / count, _DIGITS)
    return found


def _scored(sums: ModelMetrics) -> int:
    return sum(sums.entities.values()) + sum(sums.classes.values())
