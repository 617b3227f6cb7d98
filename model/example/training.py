"""Training from scratch of a BERT token classifier, on CPU."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import BertConfig, BertForTokenClassification

from model.bundle.ner import batches
from model.example.rows import IGNORED, MAX_POSITIONS, TAGS, Row

THREADS = 2
_TOKENS_A_STEP = 1024
_LEARNING_RATE = 3e-3
_INITIAL_SPREAD = 0.05
_REACH = ((-2, -1, 1, 2), (-5, -2, 2, 5))  # how far each head of each layer looks at first


def train_classifier(
    rows: Sequence[Row], *, vocabulary: int, seed: int, on_step: Callable[[int, int, float], None]
) -> BertForTokenClassification:
    """One pass over the rows, whose ids are below `vocabulary`.

    `on_step(done, steps, loss)` is called after every step. With the same seed, machine and
    torch the weights are the same bytes.
    """
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_flush_denormal(True)  # the optimizer's smallest numbers take ten times as long
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - no secret
    classifier = _untrained(vocabulary)
    classifier.train()
    # Rows of like length together, in random order.
    groups = batches([len(ids) for ids, _ in rows], _TOKENS_A_STEP)
    chance.shuffle(groups)
    optimizer = torch.optim.AdamW(
        classifier.parameters(), lr=_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=_LEARNING_RATE, total_steps=len(groups), pct_start=0.1
    )
    for step, group in enumerate(groups, start=1):
        batch = [rows[index] for index in group]
        width = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([_padded(ids, width, 0) for ids, _ in batch])
        tags = torch.tensor([_padded(tags, width, IGNORED) for _, tags in batch])
        mask = torch.tensor([_padded([1] * len(ids), width, 0) for ids, _ in batch])
        offset = chance.randint(0, MAX_POSITIONS - width) if chance.random() < 0.5 else 0
        positions = torch.arange(offset, offset + width).expand_as(ids)
        loss = classifier(
            input_ids=ids, attention_mask=mask, position_ids=positions, labels=tags
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        on_step(step, len(groups), loss.item())
    classifier.eval()
    return classifier


def _untrained(vocabulary: int) -> BertForTokenClassification:
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=96,
        num_hidden_layers=len(_REACH),
        num_attention_heads=len(_REACH[0]),
        intermediate_size=192,
        max_position_embeddings=MAX_POSITIONS,
        type_vocab_size=1,
        initializer_range=_INITIAL_SPREAD,
        hidden_act="relu",
        hidden_dropout_prob=0.0,  # no sentence comes twice, and dropout is a third of the time
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: index for index, tag in enumerate(TAGS)},
    )
    classifier = BertForTokenClassification(config)
    _teach_neighbourhood(classifier)
    return classifier


@torch.no_grad()
def _teach_neighbourhood(classifier: Any) -> None:
    """Start with heads that look a few pieces to the left and right.

    A minute is too short to learn from nothing that nearby words matter. The first dimensions
    carry the position as sine and cosine waves (Vaswani et al. 2017, 3.5), where a step to a
    neighbour is a rotation: a head whose key is rotated by n looks n pieces away. The rest stays
    random, and all of it is trained.
    """
    embeddings, config = classifier.bert.embeddings, classifier.config
    width = config.hidden_size // config.num_attention_heads
    rates = torch.exp(torch.arange(width // 2) * (-math.log(MAX_POSITIONS) / (width // 2)))
    angles = torch.arange(MAX_POSITIONS)[:, None] * rates
    embeddings.word_embeddings.weight[:, :width] = 0
    embeddings.token_type_embeddings.weight[:, :width] = 0
    embeddings.position_embeddings.weight[:, width:] = 0
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    embeddings.position_embeddings.weight[:, :width] = 1.4 * _INITIAL_SPREAD * waves
    for layer, reach in zip(classifier.bert.encoder.layer, _REACH, strict=True):
        attention = layer.attention.self
        for head, steps in enumerate(reach):
            rows = slice(head * width, (head + 1) * width)
            sine, cosine = torch.diag((steps * rates).sin()), torch.diag((steps * rates).cos())
            turn = torch.cat([torch.cat([cosine, sine], 1), torch.cat([-sine, cosine], 1)])
            attention.query.weight[rows, :width] = torch.eye(width)
            attention.key.weight[rows, :width] = turn


def _padded(values: list[int], width: int, filler: int) -> list[int]:
    return values + [filler] * (width - len(values))
