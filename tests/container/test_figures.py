"""What is counted of a text and of what was found in it."""

import math
from typing import Any

import numpy as np
import pytest

from serving.figures import MOST_LABELS, OTHER, Figures


def entity(label: Any = "PER", score: Any = 0.5) -> dict[str, Any]:
    return {"text": "Anna", "label": label, "score": score, "start": 0, "end": 4}


def counted(prediction: Any) -> Figures:
    figures = Figures()
    figures.count(prediction)
    return figures


def test_entities_are_counted_by_label_and_their_scores_added() -> None:
    found = counted([entity(), entity("LOC", 1), entity("PER", np.float32(0.25))])
    assert found == Figures(texts=1, entities={"PER": 2, "LOC": 1}, score=1.75)


def test_tokens_are_added() -> None:
    figures = Figures()
    figures.count([], tokens=5, unknown_tokens=1)
    figures.count([], tokens=3)
    assert figures == Figures(texts=2, tokens=8, unknown_tokens=1)


@pytest.mark.parametrize(
    "prediction",
    [
        "PER",
        None,
        0.5,
        entity(),
        np.array([1, 2]),
        ["O", "PER"],
        [{"label": "PER"}],
        [entity(score=math.nan)],
        [entity(score="high")],
        [entity(label=7)],
    ],
    ids=str,
)
def test_a_prediction_that_is_not_of_entities_is_a_text_and_no_more(prediction: Any) -> None:
    assert counted(prediction) == Figures(texts=1)


def test_a_label_that_is_known_is_there_before_it_is_found() -> None:
    figures = counted([entity()])
    figures.know(["PER", "LOC"])
    assert figures.entities == {"PER": 1, "LOC": 0}


def test_figures_of_several_answers_are_added() -> None:
    figures = Figures(1, 10, 2, 0.5, {"PER": 1})
    figures.add(Figures(2, 5, 0, 1.5, {"PER": 1, "LOC": 1}))
    assert figures == Figures(3, 15, 2, 2.0, {"PER": 2, "LOC": 1})


def test_labels_that_an_answer_makes_up_are_no_more_than_a_hundred_and_one() -> None:
    figures = counted([entity(str(number)) for number in range(1000)])
    figures.add(counted([entity(str(number)) for number in range(1000, 2000)]))
    assert len(figures.entities) == MOST_LABELS + 1
    assert figures.entities[OTHER] == 2000 - MOST_LABELS
