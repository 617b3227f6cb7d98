"""Encodes texts as rows of token ids, and joins the rows' probabilities."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from ..servable import EncodedText
from .arrays import Array

OVERLAP = 64  # tokens that two windows of a long text share
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can carry them, UTF-8 cannot
# The types whose positions begin after the padding token's id.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet"}

Window = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded(EncodedText):
    """A text whose items are rows of token ids, with special tokens around each.

    Attributes:
        encoding: the encoding of all tokens without special ones.
        windows: which tokens each row has, and which are kept of it; see `windows`.
    """

    encoding: Encoding
    windows: Sequence[Window]


class TextEncoder:
    """The tokenizer of a folder in transformers' format.

    `config` is the content of config.json, which limits the length of a row.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = unknown_token(folder, self._tokenizer)
        self._before, self._after = _around(self._tokenizer)
        self._size = longest_row(folder, config) - len(self._before) - len(self._after)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode each text."""
        prepared = [encodable(text) for text in texts]
        encodings = self._tokenizer.encode_batch(prepared, add_special_tokens=False)
        return [self._encoded(*each) for each in zip(texts, encodings, strict=True)]

    def _encoded(self, text: str, encoding: Encoding) -> Encoded:
        ids = encoding.ids
        cut = windows(len(ids), self._size) if ids else []
        rows = [
            np.array([*self._before, *ids[start:end], *self._after], np.int32)
            for start, end, _, _ in cut
        ]
        unknown = ids.count(self._unknown) if self._unknown is not None else 0
        return Encoded(
            text,
            rows,
            [len(row) for row in rows],
            tokens=len(encoding),
            unknown_tokens=unknown,
            encoding=encoding,
            windows=cut,
        )

    def join(self, encoded: Encoded, results: Sequence[Array], tags: int) -> Array:
        """Join the probabilities [tokens, tags] of a text from those of its rows."""
        if not results:
            return np.empty((0, tags), np.float32)
        ahead = len(self._before)
        kept = [
            result[ahead + first - start : ahead + last - start]
            for result, (start, _, first, last) in zip(results, encoded.windows, strict=True)
        ]
        return kept[0] if len(kept) == 1 else np.concatenate(kept)


def encodable(text: str) -> str:
    """The text as UTF-8 can have it."""
    return _LONE_SURROGATES.sub("\ufffd", text)


def longest_row(folder: Path, config: Mapping[str, Any]) -> int:
    """The most tokens of a row, special ones among them."""
    return min(_positions(config), _tokenizer_limit(folder))


def windows(count: int, size: int) -> list[Window]:
    """Return windows of at most `size` over `count` tokens: (start, end, kept from, kept to).

    Each token is kept once, from the window in which it has the most context.
    """
    if count <= size:
        return [(0, count, 0, count)]
    overlap = OVERLAP if size > OVERLAP else size // 2
    step = size - overlap
    starts = [0, *range(step, max(step, count - overlap), step)]
    bounds = [(start, min(start + size, count)) for start in starts]
    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in pairwise(bounds)), count]
    return [(*bound, *kept) for bound, kept in zip(bounds, pairwise(cuts), strict=True)]


def _around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the special tokens before and after a text."""
    encoding = tokenizer.encode("a")
    special = encoding.special_tokens_mask
    first = special.index(0)
    last = len(special) - special[::-1].index(0)
    return encoding.ids[:first], encoding.ids[last:]


def unknown_token(folder: Path, tokenizer: Tokenizer) -> int | None:
    """Return the id of the token for unknown words, if there is one."""
    model = json.loads((folder / "tokenizer.json").read_bytes())["model"]
    if token := model.get("unk_token"):
        return tokenizer.token_to_id(token)
    return model.get("unk_id")  # type: ignore[no-any-return] # Unigram's name for it


def positions_ahead(config: Mapping[str, Any]) -> int:
    """Return the number of the first position; RoBERTa's begin after the padding token's id."""
    return config["pad_token_id"] + 1 if config["model_type"] in _OFFSET_POSITIONS else 0


def _positions(config: Mapping[str, Any]) -> int:
    found = config.get("max_position_embeddings")
    return found - positions_ahead(config) if found else 2**30


def _tokenizer_limit(folder: Path) -> int:
    """Return the tokenizer's own limit; transformers writes 1e30 if there is none."""
    try:
        config = json.loads((folder / "tokenizer_config.json").read_bytes())
    except FileNotFoundError:
        return 2**30
    return int(min(config.get("model_max_length", 2**30), 2**30))
