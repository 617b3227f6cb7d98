"""Entities from the probabilities of tokens, as transformers makes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import Array


class Simple:
    """`aggregation_strategy="simple"` of transformers' TokenClassificationPipeline.

    Each token has its most probable tag. Neighbours with the same label are one entity, unless
    B- begins another. The score of an entity is the mean of its tokens' scores.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        kinds = [tag[2:] if tag.startswith(("B-", "I-")) else tag for tag in tags]
        self._kinds = np.array([kinds.index(kind) for kind in kinds])
        self._begins = np.array([tag.startswith("B-") for tag in tags])
        self._labels = [tag.split("-", 1)[-1] for tag in tags]

    def __call__(
        self,
        text: str,
        word_ids: Sequence[int | None],  # noqa: ARG002
        offsets: Sequence[tuple[int, int]],
        probabilities: Array,
    ) -> list[dict[str, Any]]:
        """Return the entities of a text: text, label, score, start, end."""
        if not len(probabilities):
            return []
        best = probabilities.argmax(1)
        kinds = self._kinds[best]
        changes = (kinds[1:] != kinds[:-1]) | self._begins[best[1:]]
        starts = np.concatenate(([0], changes.nonzero()[0] + 1))
        sums = np.add.reduceat(probabilities.max(1), starts, dtype=np.float64).tolist()
        firsts = starts.tolist()
        ends = [*firsts[1:], len(best)]
        entities = []
        for first, end, tag, total in zip(firsts, ends, best[starts].tolist(), sums, strict=True):
            label = self._labels[tag]
            if label == "O":
                continue
            begin, stop = offsets[first][0], offsets[end - 1][1]
            entities.append(
                {
                    "text": text[begin:stop],
                    "label": label,
                    "score": total / (end - first),
                    "start": begin,
                    "end": stop,
                }
            )
        return entities
