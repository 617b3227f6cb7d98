"""What is counted of a text and of what was found in it."""

import math
from typing import Any

import numpy as np
import pytest

from berth_serving.model_metrics import MOST_LABELS, OTHER, ModelMetrics


def entity(label: Any = "PER", score: Any = 0.5) -> dict[str, Any]:
    return {"text": "Anna", "label": label, "score": score, "start": 0, "end": 4}


def counted(prediction: Any) -> ModelMetrics:
    model_metrics = ModelMetrics()
    model_metrics.count(prediction)
    return model_metrics


def test_entities_are_counted_by_label_and_their_scores_added() -> None:
    found = counted([entity(), entity("LOC", 1), entity("PER", np.float32(0.25))])
    assert found == ModelMetrics(texts=1, entities={"PER": 2, "LOC": 1}, score=1.75)


def test_tokens_are_added() -> None:
    model_metrics = ModelMetrics()
    model_metrics.count([], tokens=5, unknown_tokens=1)
    model_metrics.count([], tokens=3)
    assert model_metrics == ModelMetrics(texts=2, tokens=8, unknown_tokens=1)


@pytest.mark.parametrize(
    "prediction",
    [
        "PER",
        None,
        0.5,
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
    assert counted(prediction) == ModelMetrics(texts=1)


def test_the_class_of_a_text_is_counted_with_its_score_and_entropy() -> None:
    found = ModelMetrics()
    found.count({"label": "POS", "score": 0.75}, entropy=0.5)
    found.count({"label": "POS", "score": 0.5}, entropy=math.nan)
    assert found == ModelMetrics(texts=2, score=1.25, classes={"POS": 2}, entropy=0.5, entropies=1)


@pytest.mark.parametrize("vector", [[3.0, 4.0], [3, 4], [np.float32(3), np.float32(4)]])
def test_the_length_of_a_texts_vector_is_added(vector: list[Any]) -> None:
    assert counted(vector) == ModelMetrics(texts=1, norm=5.0, vectors=1)


@pytest.mark.parametrize("vector", [[1.0, "a"], [1.0, math.nan], [math.inf], [10**400], [1, []]])
def test_what_has_no_length_is_a_text_and_no_more(vector: list[Any]) -> None:
    assert counted(vector) == ModelMetrics(texts=1)


def test_a_label_that_is_known_is_there_before_it_is_found() -> None:
    model_metrics = counted([entity()])
    model_metrics.know(entities=["PER", "LOC"])
    assert model_metrics.entities == {"PER": 1, "LOC": 0}
    model_metrics = counted({"label": "POS", "score": 1})
    model_metrics.know(classes=["POS", "NEG"])
    assert model_metrics.classes == {"POS": 1, "NEG": 0}


def test_metrics_of_several_responses_are_added() -> None:
    model_metrics = ModelMetrics(1, 10, 2, 0.5, {"PER": 1})
    model_metrics.add(ModelMetrics(2, 5, 0, 1.5, {"PER": 1, "LOC": 1}))
    assert model_metrics == ModelMetrics(3, 15, 2, 2.0, {"PER": 2, "LOC": 1})
    model_metrics = ModelMetrics(1, classes={"POS": 1}, entropy=0.5, entropies=1)
    model_metrics.add(
        ModelMetrics(1, classes={"NEG": 1}, entropy=0.25, entropies=1, norm=2, vectors=1)
    )
    assert model_metrics == ModelMetrics(
        2, classes={"POS": 1, "NEG": 1}, entropy=0.75, entropies=2, norm=2, vectors=1
    )


def test_labels_that_an_answer_makes_up_are_no_more_than_a_hundred_and_one() -> None:
    model_metrics = counted([entity(str(number)) for number in range(1000)])
    model_metrics.add(counted([entity(str(number)) for number in range(1000, 2000)]))
    assert len(model_metrics.entities) == MOST_LABELS + 1
    assert model_metrics.entities[OTHER] == 2000 - MOST_LABELS
