"""From sentences to what training reads: a WordPiece tokenizer, and tagged rows of its pieces."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import WordPieceTrainer

from model.example.corpus import LABELS, Author, Entity, Sentence

TAGS: Final = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))
MAX_POSITIONS = 512
IGNORED = -100  # torch's cross entropy leaves out this label
_TAG = {tag: index for index, tag in enumerate(TAGS)}
_VOCABULARY = 1200
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
_LETTERS = [chr(code) for code in (*range(33, 127), *range(0xC0, 0x180))]

Row = tuple[list[int], list[int]]  # token ids, and the index in TAGS of each (or IGNORED)


def write(seed: int, sentences: int, tokenizer_sentences: int) -> tuple[list[Row], Tokenizer]:
    """The rows to train on, and the tokenizer of their ids."""
    nameless = Author(seed, held_out=False, nameless=True)
    tokenizer = train_tokenizer(nameless.sentences(tokenizer_sentences))
    written = Author(seed, held_out=False).sentences(sentences)
    return list(_documents(written, tokenizer, random.Random(seed))), tokenizer  # noqa: S311


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
            yield [start, *ids, end], [IGNORED, *tags, IGNORED]
            ids, tags = [], []
            wanted = 1 if chance.random() < 0.85 else min(8, int(chance.paretovariate(0.8)) + 1)
        ids += encoding.ids
        tags += _tags(sentence, encoding.offsets, encoding.word_ids)
        wanted -= 1
    yield [start, *ids, end], [IGNORED, *tags, IGNORED]


def _tags(
    sentence: Sentence, offsets: Sequence[tuple[int, int]], word_ids: Sequence[int | None]
) -> list[int]:
    """A tag for every piece: I-, and B- for an entity's first word right after another entity."""
    tags = []
    coming = iter(sentence.entities)
    entity = next(coming, None)
    last: Entity | None = None  # of the piece before
    begun: int | None = None  # the word that begins the entity right where another ends
    for (start, end), word in zip(offsets, word_ids, strict=True):
        while entity and entity.end <= start:
            entity = next(coming, None)
        if not entity or not (entity.start <= start and end <= entity.end):
            tags.append(0)
            last = None
            continue
        if entity is not last:
            begun = word if last else None
        prefix = "B" if begun == word else "I"
        tags.append(_TAG[f"{prefix}-{entity.label}"])
        last = entity
    return tags
