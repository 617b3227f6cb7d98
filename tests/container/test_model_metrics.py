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


def test_the_class_of_a_text_is_counted_as_an_entity_is() -> None:
    found = counted({"label": "POS", "score": 0.75})
    assert found == ModelMetrics(texts=1, score=0.75, entities={"POS": 1})


def test_a_label_that_is_known_is_there_before_it_is_found() -> None:
    model_metrics = counted([entity()])
    model_metrics.know(["PER", "LOC"])
    assert model_metrics.entities == {"PER": 1, "LOC": 0}


def test_metrics_of_several_responses_are_added() -> None:
    model_metrics = ModelMetrics(1, 10, 2, 0.5, {"PER": 1})
    model_metrics.add(ModelMetrics(2, 5, 0, 1.5, {"PER": 1, "LOC": 1}))
    assert model_metrics == ModelMetrics(3, 15, 2, 2.0, {"PER": 2, "LOC": 1})


def test_labels_that_an_answer_makes_up_are_no_more_than_a_hundred_and_one() -> None:
    model_metrics = counted([entity(str(number)) for number in range(1000)])
    model_metrics.add(counted([entity(str(number)) for number in range(1000, 2000)]))
    assert len(model_metrics.entities) == MOST_LABELS + 1
    assert model_metrics.entities[OTHER] == 2000 - MOST_LABELS
