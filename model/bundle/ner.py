"""Named entities: the code that MLflow runs, as it lies in the bundle.

It stands alone: it needs no other file of the project, only the artifacts beside it.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict

import mlflow
import numpy as np
import pandas as pd

OVERLAP = 64  # tokens that two windows of a long text share
TOKENS_A_BATCH = 4096
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can carry them, UTF-8 cannot

# Probabilities are arrays [tokens, tags]; the tags are O, then B- and I- of each label in turn.
Array = np.ndarray[Any, np.dtype[Any]]


class Span(TypedDict):
    """An entity: `text == input[start:end]`; `score` is the mean probability of its label."""

    text: str
    label: str
    score: float
    start: int
    end: int


def merge(
    text: str,
    word_ids: Sequence[int | None],
    offsets: Sequence[tuple[int, int]],
    probabilities: Array,
    *,
    labels: Sequence[str],
    false_positives: frozenset[str],
) -> list[Span]:
    """The spans that a text's tokens make, in order, without those on the list.

    Tokens with one word id make a word; every one has its say, as every one was trained. A word
    is part of a span when O is less likely than all other tags together. It starts one, unless
    I- is likelier than B- right after another. A span has the label that its words find the
    likeliest together: half of a name may be known for something else.
    """
    if not word_ids:
        return []
    edges = [0, *(at for at, (one, two) in enumerate(pairwise(word_ids), 1) if one != two)]
    sums = np.add.reduceat(probabilities, edges, axis=0, dtype=np.float64)
    edges.append(len(word_ids))
    pieces = np.array([end - start for start, end in pairwise(edges)])
    inside = (sums[:, 0] < 0.5 * pieces).nonzero()[0]
    means = (sums[inside, 1:] / pieces[inside, None]).tolist()
    groups: list[tuple[int, list[list[float]]]] = []  # the first word, and the tags of each
    end = -1  # of the group before
    for word, tags in zip(inside.tolist(), means, strict=True):
        if word != end or sum(tags[::2]) >= sum(tags[1::2]):
            groups.append((word, []))
        groups[-1][1].append(tags)
        end = word + 1
    spans = [
        _span(
            text, offsets[edges[first]][0], offsets[edges[first + len(tags)] - 1][1], tags, labels
        )
        for first, tags in groups
    ]
    return [span for span in spans if normalized(span["text"]) not in false_positives]


def _span(
    text: str, start: int, end: int, words: Sequence[Sequence[float]], labels: Sequence[str]
) -> Span:
    sums = [sum(column) for column in zip(*words, strict=True)]
    scores = [
        (begin + more) / len(words) for begin, more in zip(sums[::2], sums[1::2], strict=True)
    ]
    score = max(scores)
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


def batches(lengths: Sequence[int], most: int = TOKENS_A_BATCH) -> list[list[int]]:
    """Indices in groups of like length, so that little is padded, of `most` tokens at most."""
    groups: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups[-1] and (len(groups[-1]) + 1) * lengths[index] > most:
            groups.append([])
        groups[-1].append(index)
    return groups


class Recognizer:
    """A classifier and its tokenizer, from a folder that transformers saved.

    `decode` gives the spans of a text from its tokens, as `merge` does, with the labels of the
    classifier. The weights are read when the first texts come: who computes probabilities by other
    means needs `decode` alone.
    """

    def __init__(self, folder: Path, false_positives: frozenset[str]) -> None:
        self.folder = folder
        names = json.loads((folder / "config.json").read_text("utf-8"))["id2label"]
        tags = [names[str(index)] for index in range(len(names))]
        labels = [tag.removeprefix("B-") for tag in tags if tag.startswith("B-")]
        self.decode = partial(merge, labels=labels, false_positives=false_positives)

    def __call__(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text; a text's do not depend on the others."""
        found = self._network(texts)
        return [self.decode(text, *tagged) for text, tagged in zip(texts, found, strict=True)]

    @cached_property
    def _network(self) -> "_Network":
        return _Network(self.folder)


class _Network:
    """Texts in, the probabilities of their tokens out."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: PLC0415 - takes seconds, and decoding is of use without it
        from safetensors.torch import load_file  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415
        from transformers import BertConfig, BertForTokenClassification  # noqa: PLC0415

        self._torch = torch
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config: Any = BertConfig.from_json_file(folder / "config.json")
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._classifier = BertForTokenClassification(config).eval()
        self._classifier.load_state_dict(load_file(folder / "model.safetensors"))
        self._classifier.to(self._device)
        self._size = config.max_position_embeddings - 2  # [CLS] and [SEP] are around a window
        self._tags = config.num_labels
        self._around = [self._tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]")]

    def __call__(
        self, texts: Sequence[str]
    ) -> list[tuple[Sequence[int | None], Sequence[tuple[int, int]], Array]]:
        """Of each text's tokens: word ids, offsets, probabilities."""
        encodable = [_LONE_SURROGATES.sub("\ufffd", text) for text in texts]
        encodings = self._tokenizer.encode_batch(encodable, add_special_tokens=False)
        pieces = [
            (index, window)
            for index, encoding in enumerate(encodings)
            if encoding.ids
            for window in windows(len(encoding.ids), self._size)
        ]
        rows = [encodings[index].ids[window[0] : window[1]] for index, window in pieces]
        kept: list[list[Array]] = [[np.empty((0, self._tags), np.float32)] for _ in texts]
        for (index, (start, _, first, last)), tags in zip(pieces, self._tag(rows), strict=True):
            kept[index].append(tags[first - start : last - start])
        return [
            (encoding.word_ids, encoding.offsets, np.concatenate(tags))
            for encoding, tags in zip(encodings, kept, strict=True)
        ]

    def _tag(self, rows: list[list[int]]) -> list[Array]:
        """The probabilities of each token of each row."""
        torch = self._torch
        tagged: list[Array] = [np.empty(0)] * len(rows)
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
            probabilities = logits.float().softmax(-1).cpu().numpy()
            for line, index in enumerate(group):
                tagged[index] = probabilities[line, 1 : len(rows[index]) + 1]
        return tagged


class NamedEntities(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """What MLflow loads: texts in, for each a list of spans out.

    `classifier` and `decode` are for a server that runs the classifier itself, over the texts of
    many requests at once; `predict` gives the same spans.
    """

    def load_context(self, context: Any) -> None:
        """Read the artifacts `classifier` (a folder) and `false_positives` (a list)."""
        with Path(context.artifacts["false_positives"]).open(encoding="utf-8") as lines:
            terms = read_terms(lines)
        self._recognize = Recognizer(Path(context.artifacts["classifier"]), terms)

    @property
    def classifier(self) -> Path:
        """The folder of the classifier, in transformers' format."""
        return self._recognize.folder

    @property
    def decode(self) -> Callable[..., list[Span]]:
        """The spans of a text, from word ids, offsets and probabilities of all its tokens."""
        return self._recognize.decode

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
