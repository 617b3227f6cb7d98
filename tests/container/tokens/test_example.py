"""The example's hooks: the server's path finds what the bundle's own `predict` does."""

from pathlib import Path
from typing import Any

import pytest

from berth_serving.config import Settings
from berth_serving.tokens.classifier import TokenClassifier
from model.example.corpus import Author
from tests.container.tokens.conftest import predict

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundle(built_model: Path) -> Any:
    from mlflow import pyfunc

    return pyfunc.load_model(str(built_model))


def test_the_server_finds_what_predict_finds(bundle: Any) -> None:
    python_model = bundle.unwrap_python_model()
    classifier = TokenClassifier(
        python_model.classifier, decode=python_model.decode, settings=Settings(threads=1)
    )
    texts = [sentence.text for sentence in Author(3, held_out=True).sentences(200)]
    texts += ["", " ", "Ann \ud800 of Oslo", "Zürich 🙂 Paris [SEP] x", " ".join(texts)]
    expected = bundle.predict({"text": texts})
    found = predict(classifier, texts)
    assert sum(map(len, found)) > 400
    for one, other in zip(found, expected, strict=True):
        assert [span | {"score": 0} for span in one] == [span | {"score": 0} for span in other]
        scores = [span["score"] for span in other]
        assert [span["score"] for span in one] == pytest.approx(scores, abs=1e-5)
