"""Entities are those of transformers' own pipeline."""

from typing import Any

import numpy as np
import pytest

from bench.serving.workload import texts
from berth_serving.tokens.aggregation import Simple
from tests.container.tokens.conftest import Load, Save, predict
from tests.container.tokens.folders import BARE, PREFIXED

pytestmark = pytest.mark.slow

ODD = ["", "  ", "Anna-Lena O'Brien, of Zürich…", "ß\tİstanbul\n🙂🙂", "unknown: 漢字 ☃ [SEP] x"]


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("tags", [PREFIXED, BARE, ("B-X", "O", "I-X", "LOC-Y", "I-LOC-Y")])
def test_entities_are_those_of_the_pipeline_with_the_strategy_simple(
    kind: str, tags: tuple[str, ...], saved: Save, load: Load
) -> None:
    from transformers import pipeline

    reference: Any = pipeline(
        "token-classification", model=str(saved(kind, tags=tags)), aggregation_strategy="simple"
    )
    given = [*(text[:200] for text in texts(30, seed=5)), *ODD]
    count = 0
    classifier = load(kind, tags=tags)
    for text, found in zip(given, predict(classifier, given), strict=True):
        assert {span["label"] for span in found} <= set(classifier.labels)
        expected = reference(text) if text else []
        assert [(e["label"], e["start"], e["end"]) for e in found] == [
            (e["entity_group"], e["start"], e["end"]) for e in expected
        ]
        assert [e["score"] for e in found] == pytest.approx([e["score"] for e in expected], 1e-5)
        assert all(e["text"] == text[e["start"] : e["end"]] for e in found)
        count += len(found)
    assert count > 50


def test_entities_are_plain_values() -> None:
    simple = Simple(["O", "B-PER", "I-PER"])
    probabilities = np.array([[0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0.9, 0.1, 0]], np.float32)
    (entity,) = simple("Ann Lee left", [0, 1, 2], [(0, 3), (4, 7), (8, 12)], probabilities)
    assert entity == {
        "text": "Ann Lee",
        "label": "PER",
        "score": pytest.approx(0.75),
        "start": 0,
        "end": 7,
    }
    assert {type(value) for value in entity.values()} == {str, float, int}
