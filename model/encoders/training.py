"""Training from scratch of small BERTs for whole texts, on CPU."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertConfig, BertForSequenceClassification, BertModel

THREADS = 1  # so small a model waits longer for a second thread than that computes
WIDTH = 64
_POSITIONS = 64
_RATE = 2e-3
_BATCH = 64
_TEMPERATURE = 0.07  # of the contrast, as in SimCSE and its kin

OnStep = Callable[[int, int, float], None]


def train_classifier(
    texts: Sequence[tuple[str, str]],
    tokenizer: Tokenizer,
    labels: Sequence[str],
    *,
    seed: int,
    on_step: OnStep,
) -> Any:
    """One pass over texts and their labels."""
    chance = _begin(seed)
    names = {"id2label": dict(enumerate(labels)), "label2id": {x: i for i, x in enumerate(labels)}}
    classifier = BertForSequenceClassification(_config(tokenizer, **names))
    order = list(range(len(texts)))
    chance.shuffle(order)

    def losses() -> Iterator[Any]:
        for start in range(0, len(order), _BATCH):
            batch = [texts[index] for index in order[start : start + _BATCH]]
            wanted = torch.tensor([labels.index(label) for _, label in batch])
            yield classifier(**encoded(tokenizer, [text for text, _ in batch]), labels=wanted).loss

    _train(classifier, losses(), -(-len(order) // _BATCH), on_step)
    return classifier


def train_encoder(
    pair: Callable[[random.Random], tuple[Sequence[str], Sequence[str]]],
    tokenizer: Tokenizer,
    *,
    steps: int,
    seed: int,
    on_step: OnStep,
) -> Any:
    """Texts of one meaning come close to each other, and away from the others of their batch.

    `pair` gives a batch of texts and the same meanings in other words.
    """
    chance = _begin(seed)
    encoder = BertModel(_config(tokenizer), add_pooling_layer=False)

    def losses() -> Iterator[Any]:
        for _ in range(steps):
            one, other = (vectors(encoder, tokenizer, texts) for texts in pair(chance))
            scores = one @ other.T / _TEMPERATURE
            right = torch.arange(len(scores))
            there, back = (functional.cross_entropy(each, right) for each in (scores, scores.T))
            yield (there + back) / 2

    _train(encoder, losses(), steps, on_step)
    return encoder


def encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Any]:
    """A padded batch."""
    rows = [row.ids for row in tokenizer.encode_batch(list(texts))]
    width = max(map(len, rows))
    return {
        "input_ids": torch.tensor([row + [0] * (width - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
    }


def vectors(encoder: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> Any:
    """The mean of the tokens' states, of length 1: what 1_Pooling and 2_Normalize say."""
    batch = encoded(tokenizer, texts)
    states, mask = encoder(**batch).last_hidden_state, batch["attention_mask"][:, :, None]
    return functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)


def _begin(seed: int) -> random.Random:
    """With the same seed, machine and torch the weights are the same bytes."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    return random.Random(seed)  # noqa: S311 - no secret


def _config(tokenizer: Tokenizer, **more: Any) -> BertConfig:
    return BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=_POSITIONS,
        type_vocab_size=1,
        initializer_range=0.05,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **more,
    )


def _train(model: Any, losses: Iterator[Any], steps: int, on_step: OnStep) -> None:
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=_RATE, total_steps=steps, pct_start=0.1
    )
    for step, loss in enumerate(losses, start=1):
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        on_step(step, steps, loss.item())
    model.eval()
