"""Texts become rows of token ids, and the rows' results a text's again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from bench.serving.workload import texts
from berth_serving.tokens.text_encoder import TextEncoder, windows
from model.bundle.ner import windows as windows_of_the_example
from tests.container.tokens.conftest import Save

pytestmark = pytest.mark.slow

LONG = "the quick Anna saw Rome. " * 100


@pytest.fixture
def encoder(saved: Save) -> TextEncoder:
    return encoder_of(saved("bert"))


def encoder_of(folder: Path) -> TextEncoder:
    return TextEncoder(folder, json.loads((folder / "config.json").read_text()))


@given(count=st.integers(1, 5000), size=st.integers(70, 600))
def test_windows_are_those_of_the_example(count: int, size: int) -> None:
    assert windows(count, size) == windows_of_the_example(count, size)


@given(count=st.integers(1, 300), size=st.integers(1, 64))
def test_windows_of_a_model_of_few_positions_keep_every_token_once(count: int, size: int) -> None:
    cut = windows(count, size)
    assert all(end - start <= size for start, end, _, _ in cut)
    assert [at for *_, first, last in cut for at in range(first, last)] == list(range(count))


def test_special_tokens_are_around_every_row(encoder: TextEncoder) -> None:
    short, long = encoder.encode(["Anna saw Rome.", LONG])
    assert len(short.items) == 1
    assert len(long.items) > 1
    for row in [*short.items, *long.items]:
        assert (row[0], row[-1]) == (2, 3)
        assert len(row) <= 128
    assert long.costs == [len(row) for row in long.items]


def test_rows_of_another_family_have_its_special_tokens_and_length(saved: Save) -> None:
    (long,) = encoder_of(saved("roberta")).encode([LONG])
    assert {(row[0], row[-1]) for row in long.items} == {(0, 2)}
    assert max(long.costs) == 128  # of 130 positions, the first two are never used


def test_special_tokens_within_a_text_are_tokens_of_it(encoder: TextEncoder) -> None:
    (encoded,) = encoder.encode(["a [SEP] b"])
    assert encoded.items[0].tolist().count(3) == 2
    assert len(encoded.encoding.offsets) == len(encoded.items[0]) - 2


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_text_without_tokens_has_no_rows(encoder: TextEncoder, text: str) -> None:
    (encoded,) = encoder.encode([text])
    assert encoded.items == []
    assert encoder.join(encoded, [], tags=5).shape == (0, 5)


def test_the_tokens_of_a_text_are_counted_once_and_without_special_ones(
    encoder: TextEncoder,
) -> None:
    (long,) = encoder.encode([LONG])
    assert long.tokens == len(long.encoding.ids) < sum(long.costs)


def test_what_the_vocabulary_does_not_have_is_counted(encoder: TextEncoder) -> None:
    (known,) = texts(1, seed=3)  # of those that the tokenizer was trained on
    found = [each.unknown_tokens for each in encoder.encode([known, f"☃ {known} ☃☃", ""])]
    assert found == [0, 2, 0]


def test_a_vocabulary_of_bytes_knows_everything(saved: Save) -> None:
    (strange,) = encoder_of(saved("roberta")).encode(["☃ saw Rome"])
    assert strange.tokens > 0
    assert strange.unknown_tokens == 0


def test_sentencepiece_names_its_unknown_token_by_number(saved: Save, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("bert"), tmp_path / "unigram"))
    words = [("<unk>", 0.0), ("a", -1.0), ("[CLS]", -9.0), ("[SEP]", -9.0)]
    tokenizer = Tokenizer(models.Unigram(words, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    (encoded,) = encoder_of(folder).encode(["a b a"])
    assert (encoded.tokens, encoded.unknown_tokens) == (3, 1)


def test_a_lone_surrogate_moves_nothing(encoder: TextEncoder) -> None:
    broken, whole = encoder.encode(["Anna \ud800 Rome", "Anna x Rome"])
    assert broken.text == "Anna \ud800 Rome"
    assert broken.encoding.offsets[-1] == whole.encoding.offsets[-1]


def test_each_token_is_taken_from_the_window_where_it_has_most_around_it(
    encoder: TextEncoder,
) -> None:
    (encoded,) = encoder.encode([LONG])
    # The result of a token in a row: which row, and where in the text.
    results = [
        np.array([[number, start + place - 1] for place in range(len(row))], np.float32)
        for number, (row, (start, *_)) in enumerate(
            zip(encoded.items, encoded.windows, strict=True)
        )
    ]
    joined = encoder.join(encoded, results, tags=2)
    assert joined[:, 1].tolist() == list(range(len(encoded.encoding.ids)))
    changes = np.flatnonzero(np.diff(joined[:, 0])) + 1
    assert changes.tolist() == [first for _, _, first, _ in encoded.windows[1:]]
