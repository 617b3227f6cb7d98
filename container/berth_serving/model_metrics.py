"""Model metrics: sums over texts and the entities found in them, in which drift shows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

MOST_LABELS = 100
OTHER = "other"
"""The label that stands for all after the first MOST_LABELS."""
_NUMBER = (float, Real)  # float is a Real; checked first, it takes a tenth of the time


@dataclass(slots=True)
class ModelMetrics:
    """Sums over texts with predictions.

    Attributes:
        texts: the number of texts.
        tokens: the number of tokens without special ones; 0 if the server does not tokenize.
        unknown_tokens: the number of tokens that the vocabulary does not have.
        score: the sum of the scores of all entities.
        entities: the number found, by label; a known label that was not found has 0.
    """

    texts: int = 0
    tokens: int = 0
    unknown_tokens: int = 0
    score: float = 0.0
    entities: dict[str, int] = field(default_factory=dict)

    def count(self, prediction: Any, *, tokens: int = 0, unknown_tokens: int = 0) -> None:
        """Count a text and the entities in its prediction, or the class that it is.

        Each is a record with a string `label` and a finite number `score`: entities are in a list,
        a class is alone.
        """
        self.texts += 1
        self.tokens += tokens
        self.unknown_tokens += unknown_tokens
        for each in prediction if isinstance(prediction, list) else (prediction,):
            if not isinstance(each, dict):
                continue
            label, score = each.get("label"), each.get("score")
            if isinstance(label, str) and isinstance(score, _NUMBER) and math.isfinite(score):
                self._find(label, 1)
                self.score += float(score)

    def know(self, labels: Iterable[str]) -> None:
        """Add labels to the entities, with 0 for those that were not found."""
        for label in labels:
            self._find(label, 0)

    def add(self, other: "ModelMetrics") -> None:
        """Add the metrics of other texts."""
        self.texts += other.texts
        self.tokens += other.tokens
        self.unknown_tokens += other.unknown_tokens
        self.score += other.score
        for label, number in other.entities.items():
            self._find(label, number)

    def _find(self, label: str, number: int) -> None:
        entities = self.entities
        if label not in entities and len(entities) >= MOST_LABELS:
            label = OTHER
        entities[label] = entities.get(label, 0) + number
