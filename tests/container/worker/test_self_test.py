"""The proof of a loaded model: what of its example is fatal, and what a warning."""

import logging

import pytest

from berth_serving.errors import LoadError
from berth_serving.models.text_model import TextModel
from berth_serving.servable import Request
from berth_serving.worker.self_test import prove
from tests.container.models.requests import UpperEngine


def test_an_example_that_cannot_be_read_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    model = TextModel(UpperEngine(), example=Request(b'{"mine": 1}'))
    with caplog.at_level(logging.WARNING):
        prove(model, messages=True)
    assert "input example cannot be read (the body must be an object" in caplog.text
    assert model.example is None


def test_an_example_that_the_model_fails_on_ends_it() -> None:
    model = TextModel(UpperEngine(), example=Request(b'{"text": "!!!"}'))
    with pytest.raises(LoadError, match="fails on its own input example"):
        prove(model, messages=True)
