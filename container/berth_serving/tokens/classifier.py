"""A token classifier, from texts to predictions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..config import Settings
from ..errors import LoadError
from .aggregation import Simple
from .arrays import Array, Head
from .engines import engine
from .text_encoder import Encoded, TextEncoder


class TokenClassifier:
    """A classifier from a folder in transformers' format (config, tokenizer, safetensors).

    Args:
        folder: holds config.json, tokenizer.json and model.safetensors.
        decode: makes the prediction of a text from (text, word ids, offsets, probabilities
            [tokens, tags]) of its tokens without special ones; the default aggregates them as
            transformers' pipeline does with the strategy `simple`.
        settings: the server's settings.

    Attributes:
        labels: the labels of the entities that it finds.
    """

    def __init__(
        self, folder: Path, *, decode: Callable[..., Any] | None = None, settings: Settings
    ) -> None:
        config = json.loads((folder / "config.json").read_bytes())
        names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
        self._tags = [names[str(index)] for index in range(len(names))]
        labels = [tag.split("-", 1)[-1] for tag in self._tags]
        self.labels = [label for label in dict.fromkeys(labels) if label != "O"]
        self._encoder = TextEncoder(folder, config)
        self._decode = decode or Simple(self._tags)
        self._engine = engine(folder, config, Head.TAGS, settings)
        self._check()

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode each text."""
        return self._encoder.encode(texts)

    def forward(self, items: Sequence[Array]) -> list[Array]:
        """Compute the probabilities [tokens, tags] of each row."""
        return self._engine.compute(items)

    def finish(self, encoded: Encoded, results: Sequence[Array]) -> Any:
        """Make the prediction of a text."""
        probabilities = self._encoder.join(encoded, results, len(self._tags))
        encoding = encoded.encoding
        return self._decode(encoded.text, encoding.word_ids, encoding.offsets, probabilities)

    def entropy(self, results: Sequence[Array]) -> None:
        """No class: a text has entities."""

    def _check(self) -> None:
        """Compute a text, to find now what is wrong with the folder."""
        (encoded,) = self.encode(["Anna lives in Berlin."])
        for result in self.forward(encoded.items):
            if result.shape[1] != len(self._tags):
                raise LoadError(
                    f"config.json names {len(self._tags)} tags, and the weights have "
                    f"{result.shape[1]}; they belong to different models"
                )
