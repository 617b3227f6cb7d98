"""Named entities: the code that MLflow runs, as it lies in the bundle.

It stands alone: it needs no other file of the project, only the artifacts beside it.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, TypedDict

import mlflow
import pandas as pd

OVERLAP = 64  # tokens that two windows of a long text share
TOKENS_A_BATCH = 4096
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can carry them, UTF-8 cannot

Probabilities = list[float]  # of each tag: O, then B- and I- of each label in turn
Word = tuple[int, int, Probabilities]  # start, end, the mean over its pieces


class Span(TypedDict):
    """An entity: `text == input[start:end]`; `score` is the mean probability of its label."""

    text: str
    label: str
    score: float
    start: int
    end: int


def merge(
    text: str, words: Iterable[Word], labels: Sequence[str], false_positives: frozenset[str]
) -> list[Span]:
    """The spans that words make, in order, without those on the list.

    A word is part of a span when O is less likely than all other tags together. It starts one,
    unless I- is likelier than B- right after another. A span has the label that its words find
    the likeliest together: half of a name may be known for something else.
    """
    groups: list[list[Word]] = []
    inside = False
    for word in words:
        outside, *tags = word[2]
        if outside < 0.5:
            if not inside or sum(tags[::2]) >= sum(tags[1::2]):
                groups.append([])
            groups[-1].append(word)
        inside = outside < 0.5
    spans = [_span(text, group, labels) for group in groups]
    return [span for span in spans if normalized(span["text"]) not in false_positives]


def _span(text: str, words: Sequence[Word], labels: Sequence[str]) -> Span:
    scores = [
        sum(tags[1 + 2 * index] + tags[2 + 2 * index] for _, _, tags in words) / len(words)
        for index in range(len(labels))
    ]
    score = max(scores)
    start, end = words[0][0], words[-1][1]
    label = labels[scores.index(score)]
    return Span(text=text[start:end], label=label, score=score, start=start, end=end)


def normalized(term: str) -> str:
    """How terms are compared: no matter the case or the white space."""
    return " ".join(term.casefold().split())


def read_terms(lines: Iterable[str]) -> frozenset[str]:
    """The terms of a list, one a line; `#` starts a remark."""
    terms = (normalized(line.partition("#")[0]) for line in lines)
    return frozenset(term for term in terms if term)


def windows(count: int, size: int, overlap: int = OVERLAP) -> list[tuple[int, int, int, int]]:
    """Windows of at most `size` over `count` tokens: (start, end, kept from, kept to).

    Each token is kept once, from the window where it has most around it.
    """
    step = size - overlap
    starts = [0, *range(step, max(step, count - overlap), step)] if count > size else [0]
    bounds = [(start, min(start + size, count)) for start in starts]
    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in pairwise(bounds)), count]
    return [(*bound, *kept) for bound, kept in zip(bounds, pairwise(cuts), strict=True)]


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Indices in groups of like length, so that little is padded."""
    groups: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups[-1] and (len(groups[-1]) + 1) * lengths[index] > TOKENS_A_BATCH:
            groups.append([])
        groups[-1].append(index)
    return groups


class Recognizer:
    """The classifier and its tokenizer, from a folder that transformers saved."""

    def __init__(self, folder: Path, false_positives: frozenset[str]) -> None:
        import torch  # noqa: PLC0415 - merging is of use, and tested, without it
        from safetensors.torch import load_file  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415
        from transformers import BertConfig, BertForTokenClassification  # noqa: PLC0415

        self._torch = torch
        self._false_positives = false_positives
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config: Any = BertConfig.from_json_file(folder / "config.json")
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._classifier = BertForTokenClassification(config).eval()
        self._classifier.load_state_dict(load_file(folder / "model.safetensors"))
        self._classifier.to(self._device)
        self._size = config.max_position_embeddings - 2  # [CLS] and [SEP] are around a window
        tags = [config.id2label[index] for index in range(config.num_labels)]
        self._labels = [tag.removeprefix("B-") for tag in tags if tag.startswith("B-")]
        self._around = [self._tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]")]

    def __call__(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text; a text's do not depend on the others."""
        encodable = [_LONE_SURROGATES.sub("\ufffd", text) for text in texts]
        encodings = self._tokenizer.encode_batch(encodable, add_special_tokens=False)
        pieces = [
            (index, window)
            for index, encoding in enumerate(encodings)
            if encoding.ids
            for window in windows(len(encoding.ids), self._size)
        ]
        tagged: dict[int, list[Probabilities]] = {}
        rows = [encodings[index].ids[window[0] : window[1]] for index, window in pieces]
        found = self._tag(rows)
        for (index, (start, _, first, last)), tags in zip(pieces, found, strict=True):
            tagged.setdefault(index, []).extend(tags[first - start : last - start])
        return [
            merge(
                text, _words(encoding, tagged.get(index, [])), self._labels, self._false_positives
            )
            for index, (text, encoding) in enumerate(zip(texts, encodings, strict=True))
        ]

    def _tag(self, rows: list[list[int]]) -> list[list[Probabilities]]:
        """The probabilities of each token of each row."""
        torch = self._torch
        tagged: list[list[Probabilities]] = [[] for _ in rows]
        start, end = self._around
        for group in batches([len(row) for row in rows]) if rows else []:
            width = max(len(rows[index]) for index in group) + 2
            ids = torch.zeros(len(group), width, dtype=torch.long)
            mask = torch.zeros_like(ids)
            for line, index in enumerate(group):
                row = [start, *rows[index], end]
                ids[line, : len(row)] = torch.tensor(row)
                mask[line, : len(row)] = 1
            with torch.inference_mode():
                logits = self._classifier(
                    input_ids=ids.to(self._device), attention_mask=mask.to(self._device)
                ).logits
            probabilities = logits.float().softmax(-1).tolist()
            for line, index in enumerate(group):
                tagged[index] = probabilities[line][1 : len(rows[index]) + 1]
        return tagged


def _words(encoding: Any, tagged: Sequence[Probabilities]) -> list[Word]:
    """Word pieces put together: every piece has its say, as every one was trained."""
    words = []
    pieces = zip(encoding.word_ids, encoding.offsets, tagged, strict=True)
    for _, group in groupby(pieces, key=itemgetter(0)):
        _, offsets, each = zip(*group, strict=True)
        means = [sum(tag) / len(each) for tag in zip(*each, strict=True)]
        words.append((offsets[0][0], offsets[-1][1], means))
    return words


class NamedEntities(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """What MLflow loads: texts in, for each a list of spans out."""

    def load_context(self, context: Any) -> None:
        """Read the artifacts `classifier` (a folder) and `false_positives` (a list)."""
        with Path(context.artifacts["false_positives"]).open(encoding="utf-8") as lines:
            terms = read_terms(lines)
        self._recognize = Recognizer(Path(context.artifacts["classifier"]), terms)

    def predict(
        self,
        context: Any,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> list[list[Span]]:
        """The spans of the column `text`, a list for each text.

        MLflow makes one row of a dict `{"text": [...]}`, with the list in its cell.
        """
        texts: list[str] = []
        for cell in model_input["text"]:
            texts.extend([cell] if isinstance(cell, str) else cell)
        return self._recognize(texts)


mlflow.models.set_model(NamedEntities())
