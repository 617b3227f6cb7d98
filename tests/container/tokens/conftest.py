"""What the tests of token classifiers share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from berth_serving.config import Settings
from berth_serving.models.text_model import TextEngine
from berth_serving.tokens.classifier import TokenClassifier
from tests.container.tokens.folders import save

Save = Callable[..., Path]
Load = Callable[..., TokenClassifier]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Write a model, or give the folder of one that was written before; see folders.save."""

    @cache
    def saved(kind: str, **changes: Any) -> Path:
        return save(tmp_path_factory.mktemp(kind), kind, **changes)

    return saved


@pytest.fixture
def load(saved: Save) -> Load:
    """Load a model of a type for the server."""

    def load(kind: str, precision: str = "float32", **changes: Any) -> TokenClassifier:
        settings = Settings(threads=1, cpu_precision=precision)
        return TokenClassifier(saved(kind, **changes), settings=settings)

    return load


def predict(classifier: TextEngine, texts: list[str]) -> list[Any]:
    """Predict as the server does: the rows of all texts at once."""
    encoded = classifier.encode(texts)
    results = iter(classifier.forward([item for each in encoded for item in each.items]))
    return [classifier.finish(each, [next(results) for _ in each.items]) for each in encoded]
