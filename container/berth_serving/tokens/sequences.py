"""Models of whole texts: sequence classifiers and sentence encoders."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from ..config import Settings
from ..errors import LoadError
from ..servable import EncodedText
from .arrays import Array, Head
from .engines import engine
from .files import check_files
from .pooling import Pooling
from .text_encoder import encodable, longest_row, unknown_token


class RowEncoder:
    """Encodes each text as one row, cut at the most tokens that the model takes.

    Args:
        folder: holds tokenizer.json.
        config: the content of config.json.
        limit: the most tokens of a row, where the model has a limit of its own.
        prepare: changes a text before it is tokenized.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        limit: int | None = None,
        prepare: Callable[[str], str] | None = None,
    ) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        longest = min(longest_row(folder, config), limit or 2**30)
        self._tokenizer.enable_truncation(longest)
        self._unknown = unknown_token(folder, self._tokenizer)
        self._prepare = prepare

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Encode each text."""
        prepared = texts if self._prepare is None else [self._prepare(text) for text in texts]
        encodings = self._tokenizer.encode_batch([encodable(text) for text in prepared])
        return [self._encoded(*each) for each in zip(texts, encodings, strict=True)]

    def _encoded(self, text: str, encoding: Any) -> EncodedText:
        ids = encoding.ids
        return EncodedText(
            text,
            [np.array(ids, np.int32)],
            [len(ids)],
            tokens=len(ids) - sum(encoding.special_tokens_mask),
            unknown_tokens=ids.count(self._unknown) if self._unknown is not None else 0,
        )


class SequenceClassifier:
    """A classifier of whole texts from a folder in transformers' format.

    Its predictions are those of transformers' pipeline `text-classification` with truncation: the
    class with the highest score.

    Args:
        folder: holds config.json and model.safetensors.
        tokenizer: holds tokenizer.json; the same folder, unless MLflow has saved it apart.
        settings: the server's settings.

    Attributes:
        labels: the names of the classes.
    """

    def __init__(self, folder: Path, *, tokenizer: Path | None = None, settings: Settings) -> None:
        config = json.loads((folder / "config.json").read_bytes())
        names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
        self.labels = [str(names[str(index)]) for index in range(len(names))]
        self._kind = config.get("problem_type") or (
            "single_label_classification" if len(names) > 1 else "multi_label_classification"
        )
        self._encoder = RowEncoder(tokenizer or folder, config)
        self._engine = engine(folder, config, Head.CLASSES, settings)
        self._check()

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Encode each text."""
        return self._encoder.encode(texts)

    def forward(self, items: Sequence[Array]) -> list[Array]:
        """Compute the scores [classes] of each row."""
        return [self._scores(logits) for logits in self._engine.compute(items)]

    def finish(self, encoded: EncodedText, results: Sequence[Array]) -> Any:  # noqa: ARG002
        """Make the prediction of a text."""
        (scores,) = results
        best = int(scores.argmax())
        return {"label": self.labels[best], "score": float(scores[best])}

    def entropy(self, results: Sequence[Array]) -> float | None:
        """The entropy of a text's classes in bits, if it has one of several."""
        if self._kind != "single_label_classification":
            return None
        (scores,) = results
        return -float((scores * np.log2(np.maximum(scores, 1e-30))).sum())

    def _scores(self, logits: Array) -> Array:
        # As `postprocess` of transformers' TextClassificationPipeline.
        if self._kind == "regression":
            return logits
        if self._kind == "multi_label_classification":
            return 1 / (1 + np.exp(-logits))
        exponents = np.exp(logits - logits.max())
        return exponents / exponents.sum()  # type: ignore[no-any-return]

    def _check(self) -> None:
        """Compute a text, to find now what is wrong with the folder."""
        (encoded,) = self.encode(["Anna lives in Berlin."])
        (scores,) = self.forward(encoded.items)
        if len(scores) != len(self.labels):
            raise LoadError(
                f"config.json names {len(self.labels)} classes, and the weights have "
                f"{len(scores)}; they belong to different models"
            )


class SentenceEncoder:
    """An encoder of texts from a folder that sentence-transformers saved.

    Its predictions are the vectors that `SentenceTransformer.encode` returns.
    """

    labels: Sequence[str] = ()

    def __init__(self, folder: Path, *, settings: Settings) -> None:
        self._pooling = Pooling(folder)
        inner = self._pooling.transformer
        check_files(inner, inner)
        config = json.loads((inner / "config.json").read_bytes())
        limits = _sentence_settings(inner)
        prompt, lower = _prompt(folder), bool(limits.get("do_lower_case"))
        self._encoder = RowEncoder(
            inner,
            config,
            limit=limits.get("max_seq_length"),
            prepare=lambda text: (prompt + text).lower() if lower else prompt + text,
        )
        self._engine = engine(inner, config, Head.STATES, settings)
        (encoded,) = self.encode(["Anna lives in Berlin."])
        self.forward(encoded.items)

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Encode each text."""
        return self._encoder.encode(texts)

    def forward(self, items: Sequence[Array]) -> list[Array]:
        """Compute the vector of each row."""
        return [self._pooling(states) for states in self._engine.compute(items)]

    def finish(self, encoded: EncodedText, results: Sequence[Array]) -> Any:  # noqa: ARG002
        """Return the vector of a text."""
        return results[0].tolist()

    def entropy(self, results: Sequence[Array]) -> None:
        """No class: a text has a vector."""


def _sentence_settings(folder: Path) -> dict[str, Any]:
    """sentence_bert_config.json: the limit of a text, and whether it is lowered."""
    try:
        found: dict[str, Any] = json.loads((folder / "sentence_bert_config.json").read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _prompt(folder: Path) -> str:
    """What stands before each text, where the model has a default for that."""
    try:
        config = json.loads((folder / "config_sentence_transformers.json").read_bytes())
    except FileNotFoundError:
        return ""
    return str((config.get("prompts") or {}).get(config.get("default_prompt_name"), ""))
