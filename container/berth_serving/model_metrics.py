"""Model metrics: sums over texts and what was predicted for them, in which drift shows."""

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
        score: the sum of the scores of all entities and classes.
        entities: the number found, by label; a known label that was not found has 0.
        classes: the number of texts of each class, likewise.
        entropy: the sum of the entropies of texts' classes, in bits.
        entropies: the number of these.
        norm: the sum of the lengths of texts' vectors.
        vectors: the number of these.
    """

    texts: int = 0
    tokens: int = 0
    unknown_tokens: int = 0
    score: float = 0.0
    entities: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    entropy: float = 0.0
    entropies: int = 0
    norm: float = 0.0
    vectors: int = 0

    def count(
        self,
        prediction: Any,
        *,
        tokens: int = 0,
        unknown_tokens: int = 0,
        entropy: float | None = None,
    ) -> None:
        """Count a text and what its prediction is: entities, a class, a vector or another thing.

        Entities and classes are records with a string `label` and a finite number `score`: entities
        are in a list, a class is alone. A vector is a list of numbers. `entropy` is that of the
        probabilities of the text's classes, where they are known.
        """
        self.texts += 1
        self.tokens += tokens
        self.unknown_tokens += unknown_tokens
        if entropy is not None and math.isfinite(entropy):
            self.entropy += entropy
            self.entropies += 1
        if isinstance(prediction, dict):
            self._count_labels(self.classes, [prediction])
        elif isinstance(prediction, list) and prediction:
            if isinstance(prediction[0], dict):
                self._count_labels(self.entities, prediction)
            elif isinstance(prediction[0], _NUMBER):
                self._count_vector(prediction)

    def know(self, *, entities: Iterable[str] = (), classes: Iterable[str] = ()) -> None:
        """Add labels, with 0 for those that were not found."""
        for label in entities:
            _add(self.entities, label, 0)
        for label in classes:
            _add(self.classes, label, 0)

    def add(self, other: "ModelMetrics") -> None:
        """Add the metrics of other texts."""
        self.texts += other.texts
        self.tokens += other.tokens
        self.unknown_tokens += other.unknown_tokens
        self.score += other.score
        self.entropy += other.entropy
        self.entropies += other.entropies
        self.norm += other.norm
        self.vectors += other.vectors
        for label, number in other.entities.items():
            _add(self.entities, label, number)
        for label, number in other.classes.items():
            _add(self.classes, label, number)

    def _count_labels(self, counts: dict[str, int], records: list[Any]) -> None:
        for each in records:
            if not isinstance(each, dict):
                continue
            label, score = each.get("label"), each.get("score")
            if isinstance(label, str) and isinstance(score, _NUMBER) and math.isfinite(score):
                _add(counts, label, 1)
                self.score += float(score)

    def _count_vector(self, vector: list[Any]) -> None:
        try:
            norm = math.hypot(*vector)
        except (TypeError, OverflowError):  # not all are numbers, or one is too large for a float
            return
        if math.isfinite(norm):
            self.norm += norm
            self.vectors += 1


def _add(counts: dict[str, int], label: str, number: int) -> None:
    if label not in counts and len(counts) >= MOST_LABELS:
        label = OTHER
    counts[label] = counts.get(label, 0) + number
