"""The texts that the classifier of snippets and the encoder of questions are trained on."""

import re
from random import Random
from typing import Any

import pytest

from model.encoders import questions, snippets


def test_the_same_seed_writes_the_same_snippets() -> None:
    first, second = (snippets.snippets(7, 50, held_out=False) for _ in range(2))
    assert first == second
    assert snippets.snippets(8, 50, held_out=False) != first


@pytest.mark.parametrize("held_out", [False, True])
def test_every_snippet_is_a_whole_text_of_one_of_three_labels(held_out: bool) -> None:
    written = snippets.snippets(1, 500, held_out=held_out)
    assert {label for _, label in written} == set(snippets.LABELS)
    assert not [text for text, _ in written if re.search(r"[{}]|  ", text)]


def test_a_neutral_snippet_has_no_word_of_praise_or_blame() -> None:
    judging = {word for name in ("good", "bad") for word in snippets._LISTS[name]}
    for text, label in snippets.snippets(1, 1000, held_out=False):
        assert bool(judging & set(re.findall(r"\w+", text.lower()))) == (label != "neutral"), text


@pytest.mark.parametrize("forms", [snippets.forms, questions.forms])
def test_training_and_test_share_no_form_of_sentence(forms: Any) -> None:
    assert not forms(held_out=True) & forms(held_out=False)


def test_no_word_stands_for_two_meanings() -> None:
    for words in (questions._DONE, questions._THINGS, questions._WHEN):
        every = [word for alike in words for word in alike]
        assert len(set(every)) == len(every)


def test_a_question_has_words_of_its_meaning_alone() -> None:
    for held_out in (False, True):
        for meaning in questions.meanings()[::97]:
            chance = Random(1)  # noqa: S311
            text = questions.worded(meaning, chance, held_out=held_out).lower()
            thing = questions._THINGS[meaning[1]]
            assert any(word.lower() in text for word in thing), text
