"""Training from scratch: a WordPiece tokenizer and a BERT token classifier, on CPU."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import WordPieceTrainer
from transformers import BertConfig, BertForTokenClassification

from model.example.corpus import LABELS, Entity, Sentence

TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))
MAX_POSITIONS = 512
THREADS = 2
_VOCABULARY = 1200
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
_LETTERS = [chr(code) for code in (*range(33, 127), *range(0xC0, 0x180))]
_TOKENS_A_STEP = 1024
_LEARNING_RATE = 3e-3
_INITIAL_SPREAD = 0.05
_REACH = ((-2, -1, 1, 2), (-5, -2, 2, 5))  # how far each head of each layer looks at first
_IGNORED = -100  # torch's cross entropy leaves out this label

Row = tuple[list[int], list[int]]  # token ids, and the index in TAGS of each (or _IGNORED)


def train_tokenizer(sentences: Sequence[Sentence]) -> Tokenizer:
    """A cased WordPiece tokenizer, as BERT's; the same sentences give the same vocabulary.

    Give it nameless sentences: a vocabulary that holds the names of the training set in one piece
    each, and every other name in letters, teaches the model to tell these two apart.
    """
    # The trainer numbers the letters inside words as its hash map happens to hold them, and
    # settles ties between pieces by number: numbered here, they come out the same every time.
    inner = [f"##{letter}" for letter in _LETTERS]
    trainer = WordPieceTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[*_SPECIAL, *inner],
        initial_alphabet=_LETTERS,
        show_progress=False,
    )
    trained = _bert_tokenizer()
    trained.train_from_iterator((sentence.text for sentence in sentences), trainer)
    return _bert_tokenizer(trained.get_vocab())


def _bert_tokenizer(vocabulary: dict[str, int] | None = None) -> Tokenizer:
    model = models.WordPiece(vocabulary, unk_token="[UNK]")  # noqa: S106 - no password
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    cls, sep = _SPECIAL.index("[CLS]"), _SPECIAL.index("[SEP]")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", sep), ("[CLS]", cls))
    if vocabulary:
        tokenizer.add_special_tokens(_SPECIAL)
    return tokenizer


def train_classifier(
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    *,
    seed: int,
    on_step: Callable[[int, int, float], None],
) -> BertForTokenClassification:
    """One pass over the sentences.

    `on_step(done, steps, loss)` is called after every step. With the same seed, machine and
    torch the weights are the same bytes.
    """
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_flush_denormal(True)  # the optimizer's smallest numbers take ten times as long
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - no secret
    classifier = _untrained(tokenizer)
    classifier.train()
    batches = _batches(_documents(sentences, tokenizer, chance), chance)
    optimizer = torch.optim.AdamW(
        classifier.parameters(), lr=_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=_LEARNING_RATE, total_steps=len(batches), pct_start=0.1
    )
    for step, rows in enumerate(batches, start=1):
        width = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([_padded(ids, width, 0) for ids, _ in rows])
        tags = torch.tensor([_padded(tags, width, _IGNORED) for _, tags in rows])
        mask = torch.tensor([_padded([1] * len(ids), width, 0) for ids, _ in rows])
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
        on_step(step, len(batches), loss.item())
    classifier.eval()
    return classifier


def _untrained(tokenizer: Tokenizer) -> BertForTokenClassification:
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=128,
        num_hidden_layers=len(_REACH),
        num_attention_heads=len(_REACH[0]),
        intermediate_size=512,
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


def _documents(
    sentences: Sequence[Sentence], tokenizer: Tokenizer, chance: random.Random
) -> Iterator[Row]:
    """Sentences alone and in documents of several, of at most MAX_POSITIONS tokens."""
    encodings = tokenizer.encode_batch([s.text for s in sentences], add_special_tokens=False)
    ids: list[int] = []
    tags: list[int] = []
    wanted = 1
    start, end = _SPECIAL.index("[CLS]"), _SPECIAL.index("[SEP]")
    for sentence, encoding in zip(sentences, encodings, strict=True):
        if ids and (wanted == 0 or len(ids) + len(encoding.ids) > MAX_POSITIONS - 2):
            yield [start, *ids, end], [_IGNORED, *tags, _IGNORED]
            ids, tags = [], []
            wanted = 1 if chance.random() < 0.85 else min(8, int(chance.paretovariate(0.8)) + 1)
        ids += encoding.ids
        tags += _tags(sentence, encoding.offsets, encoding.word_ids)
        wanted -= 1
    yield [start, *ids, end], [_IGNORED, *tags, _IGNORED]


def _tags(
    sentence: Sentence, offsets: Sequence[tuple[int, int]], word_ids: Sequence[int | None]
) -> list[int]:
    """A tag for every piece: I-, and B- for an entity's first word right after another entity."""
    tags = []
    last: Entity | None = None  # of the piece before
    begun: dict[Entity, int | None] = {}  # the words that begin where another entity ends
    for (start, end), word in zip(offsets, word_ids, strict=True):
        entity = next((e for e in sentence.entities if e.start <= start and end <= e.end), None)
        if entity and last and entity != last:
            begun[entity] = word
        prefix = "B" if entity and begun.get(entity, -1) == word else "I"
        tags.append(TAGS.index(f"{prefix}-{entity.label}") if entity else 0)
        last = entity
    return tags


def _batches(rows: Iterator[Row], chance: random.Random) -> list[list[Row]]:
    """Rows of like length together, so that little is padded; batches in random order."""
    batches: list[list[Row]] = [[]]
    for row in sorted(rows, key=lambda row: len(row[0])):
        if batches[-1] and (len(batches[-1]) + 1) * len(row[0]) > _TOKENS_A_STEP:
            batches.append([])
        batches[-1].append(row)
    chance.shuffle(batches)
    return batches


def _padded(values: list[int], width: int, filler: int) -> list[int]:
    return values + [filler] * (width - len(values))
