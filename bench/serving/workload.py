"""What every benchmark of the server computes: a model and texts, made from seeds."""

import random
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from math import log
from pathlib import Path
from typing import Any

LABELS = ("PER", "ORG", "LOC", "DATE", "MONEY")
TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))
MEDIAN_WORDS, SPREAD, MOST_WORDS = 25, 0.6, 330  # of the log-normal distribution of lengths
VOCABULARY = 8000
_WORDS = 20_000
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
_LETTERS = [chr(code) for code in range(33, 127)]
_ONSETS = [*"bcdfghklmnprstvw", "st", "tr", "pr", "ch", "sh", "th", "br", "gr"]
_NUCLEI = [*"aeiou", "ai", "ea", "ou", "io"]
_CODAS = ["", *"nrstl", "nd", "st", "ng", "ck"]
_NAMES = 0.1  # of the words begin with a capital


def texts(count: int, seed: int) -> list[str]:
    """Texts of coined words, in sentences; their lengths are log-normal."""
    chance = random.Random(f"texts {seed}")  # noqa: S311 - no secret
    words, weights = _words()
    written = []
    for _ in range(count):
        length = min(MOST_WORDS, max(1, round(chance.lognormvariate(log(MEDIAN_WORDS), SPREAD))))
        written.append(_text(chance.choices(words, cum_weights=weights, k=length), chance))
    return written


def make_model(folder: Path, *, layers: int = 4, width: int = 256, seed: int = 0) -> None:
    """Write a BERT token classifier of random weights, as transformers does, with a tokenizer.

    About one token in ten is part of an entity: what a trained one may find in a newspaper.
    """
    import torch  # noqa: PLC0415 - takes seconds, and whoever wants texts needs none of it
    from transformers import (  # noqa: PLC0415
        BertConfig,
        BertForTokenClassification,
    )

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: index for index, tag in enumerate(TAGS)},
    )
    classifier = BertForTokenClassification(config).eval()
    with torch.no_grad():
        classifier.classifier.weight.normal_(std=1.5 * width**-0.5)
        classifier.classifier.bias[0] = 4.0
    classifier.save_pretrained(folder)
    tokenizer = word_pieces(VOCABULARY, 10_000, longest=config.max_position_embeddings)
    tokenizer.save_pretrained(folder)


def word_pieces(vocabulary: int, count: int, *, longest: int) -> Any:
    """Make a cased WordPiece tokenizer as BERT's, the same each time.

    Args:
        vocabulary: how many pieces it has at most.
        count: how many texts of the same words it is trained on.
        longest: tokens of a text that the model takes.
    """
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    return PreTrainedTokenizerFast(
        tokenizer_object=_trained(vocabulary, texts(count, seed=-1)),
        model_max_length=longest,
        pad_token="[PAD]",  # noqa: S106 - no password
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
    )


def _text(words: list[str], chance: random.Random) -> str:
    parts: list[str] = []
    first = True
    for word in words:
        parts.append(word.capitalize() if first or chance.random() < _NAMES else word)
        ending = chance.choices(["", ",", "."], [0.85, 0.07, 0.08])[0]
        parts[-1] += ending
        first = ending == "."
    return " ".join(parts).rstrip(",.") + "."


@cache
def _words() -> tuple[list[str], list[float]]:
    """Coined words, and their cumulated weights: the n-th is used 1/n times as often (Zipf)."""
    chance = random.Random("words")  # noqa: S311 - no secret
    words = dict.fromkeys(_coined(chance, syllables=1) for _ in range(400))
    while len(words) < _WORDS:
        words[_coined(chance, syllables=chance.choice((1, 2, 2, 3, 4)))] = None
    return list(words), list(accumulate(1 / (rank + 3) for rank in range(len(words))))


def _coined(chance: random.Random, *, syllables: int) -> str:
    def parts() -> Iterator[str]:
        for _ in range(syllables):
            yield chance.choice(_ONSETS) + chance.choice(_NUCLEI)
        yield chance.choice(_CODAS)

    return "".join(parts())


def _trained(vocabulary: int, given: list[str]) -> Any:
    from tokenizers import (  # noqa: PLC0415
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from tokenizers.trainers import WordPieceTrainer  # noqa: PLC0415

    # Letters inside words are numbered here; the trainer's own order is another each time.
    special = [*_SPECIAL, *(f"##{letter}" for letter in _LETTERS)]
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=_LETTERS,
        show_progress=False,
    )
    trained.train_from_iterator(given, trainer)
    tokenizer = Tokenizer(models.WordPiece(trained.get_vocab(), unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(_SPECIAL)
    return tokenizer
