"""The figures of a model of texts: for `/metrics` since the start, for the log by the minute."""

import asyncio
import logging
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from ..figures import Figures

_log = logging.getLogger("serving.figures")

TELL_SECONDS = 60.0
# A float below 0.0001 is written as 5e-05; the guide of CloudWatch Logs has scientific notation in
# patterns, but does not say that a metric filter reads a value so (FilterAndPatternSyntax.html).
_DIGITS = 4


class ModelFigures(Collector):
    """Adds up what the workers send; of all models together, where there are several."""

    def __init__(self) -> None:
        self._all = Figures()
        self._untold = Figures()

    def add(self, figures: Figures) -> None:
        """Take what a worker has answered since it sent the last."""
        self._all.add(figures)
        self._untold.add(figures)

    def collect(self) -> Iterator[Metric]:
        """Give Prometheus all since the start."""
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
        yield SummaryMetricFamily(
            "serving_model_entity_score",
            "Scores of entities.",
            count_value=sum(sums.entities.values()),
            sum_value=sums.score,
        )

    def tell(self) -> None:
        """Log what was not told yet, where there were texts."""
        if not self._untold.texts:
            return
        extra = {"event": "model_figures", "model": rates(self._untold)}
        _log.info("figures of the texts since the last such line", extra=extra)
        self._untold = Figures()
        self._untold.know(self._all.entities)  # what is found no more is 0, and not nothing

    async def keep_telling(self) -> None:
        """Tell once a minute."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            self.tell()


def rates(sums: Figures) -> dict[str, object]:
    """The figures a text, a token and an entity; those of nothing are left out."""
    entities = {
        label: round(number / sums.texts, _DIGITS) for label, number in sums.entities.items()
    }
    found: dict[str, object] = {"texts": sums.texts, "entities_per_text": entities}
    if sums.tokens:
        found["tokens_per_text"] = round(sums.tokens / sums.texts, _DIGITS)
        found["unknown_token_share"] = round(sums.unknown_tokens / sums.tokens, _DIGITS)
    if number := sum(sums.entities.values()):
        found["mean_score"] = round(sums.score / number, _DIGITS)
    return found
