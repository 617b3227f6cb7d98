import json
from collections.abc import Sequence
from typing import Any

import pytest

from berth_serving.codecs.media import JSON, Format
from berth_serving.errors import PredictionError, RequestError
from berth_serving.model_metrics import ModelMetrics
from berth_serving.models.text_model import TextModel, TextPredictor
from berth_serving.servable import EncodedText, Request
from tests.container.models.requests import UpperEngine, ask, predictions, together


class Special:
    """Takes what is more than texts."""

    def read(self, body: bytes, given: Format) -> object:
        assert given.kind == JSON
        document = json.loads(body)
        if "refuse" in document:
            raise RequestError(400, "wrong_schema", "not even here")
        return document

    def predict(self, data: object) -> object:
        if data == {"fail": 1}:
            raise PredictionError("it failed")
        return {"whole": data}


@pytest.fixture
def engine() -> UpperEngine:
    return UpperEngine()


@pytest.fixture
def model(engine: UpperEngine) -> TextModel:
    return TextModel(engine)


@pytest.fixture
def both(engine: UpperEngine) -> TextModel:
    return TextModel(engine, whole=Special())


def test_each_text_gets_its_prediction_in_order(model: TextModel) -> None:
    assert predictions(ask(model, {"text": ["anna", "", "lives here"]})) == [
        "ANNA",
        "",
        "LIVES HERE",
    ]


def test_an_item_is_a_window_with_its_cost(model: TextModel) -> None:
    job = model.open(Request(b'{"text": ["anna", "b"]}'))
    assert (list(job.items), list(job.costs)) == (["ann", "a", "b"], [3, 1, 1])


def test_no_texts_are_an_empty_list_and_nothing_is_computed(
    model: TextModel, engine: UpperEngine
) -> None:
    assert predictions(ask(model, {"text": []})) == []
    assert engine.encoded == []
    assert engine.batches == []


def test_texts_without_items_are_not_forgotten(model: TextModel) -> None:
    assert predictions(ask(model, {"text": ["", ""]})) == ["", ""]


def test_requests_share_a_batch_and_get_each_their_own(
    model: TextModel, engine: UpperEngine
) -> None:
    answers = together(model, {"text": ["anna", "b"]}, {"text": "carl"})
    assert [predictions(answer) for answer in answers] == [["ANNA", "B"], ["CARL"]]
    assert engine.batches == [["ann", "a", "b", "car", "l"]]


def test_a_line_of_the_answer_is_of_the_same_line_of_the_request(model: TextModel) -> None:
    body = b'{"text": "anna"}\n"b"\n'
    answer = ask(model, body, "application/jsonlines")
    assert (answer.body, answer.content_type) == (b'"ANNA"\n"B"\n', "application/jsonlines")
    answer = ask(model, b"anna\nb\n", "text/csv", accept="text/csv")
    assert (answer.body, answer.content_type) == (b"ANNA\nB\n", "text/csv")


def test_what_nobody_could_read_is_refused_before_it_is_computed(
    model: TextModel, engine: UpperEngine
) -> None:
    for refused in (Request(b'{"text": "a"}', accept="image/png"), Request(b"a", "text/plain")):
        with pytest.raises(RequestError) as refusal:
            model.open(refused)
        assert refusal.value.status in {406, 415}
    assert engine.encoded == []


def test_what_the_engine_raises_is_of_the_batch(model: TextModel) -> None:
    with pytest.raises(ValueError, match="does not stand"):
        together(model, {"text": "fine"}, {"text": "!!!"})


def test_a_model_of_texts_alone_takes_no_params(model: TextModel) -> None:
    assert predictions(ask(model, {"text": "a", "params": {}})) == ["A"]
    with pytest.raises(RequestError) as refusal:
        ask(model, {"text": "a", "params": {"b": 1}})
    assert (refusal.value.code, refusal.value.where) == ("wrong_schema", "params")


# Model metrics


class Finder(UpperEngine):
    """Finds what the text says: `[]`, or entities in JSON."""

    def finish(self, encoded: EncodedText, results: Sequence[str]) -> Any:
        return json.loads(encoded.text)


def test_a_response_has_the_metrics_of_its_texts() -> None:
    found = json.dumps([{"label": "PER", "score": 0.5}, {"label": "ORG", "score": 1}])
    answer = ask(TextModel(Finder()), {"text": [found, "[]"]})
    # LOC is not found, but the engine knows of it.
    entities = {"PER": 1, "ORG": 1, "LOC": 0}
    assert answer.model_metrics == ModelMetrics(2, len(found) + 2, 0, 1.5, entities)


class Classifier(Finder):
    """Puts each text into a class, of which it is not sure."""

    def entropy(self, results: Sequence[str]) -> float:
        return float(len(results))


def test_a_response_has_the_classes_of_its_texts_and_how_unsure_they_are() -> None:
    found = '{"label": "PER", "score": 0.5}'
    windows = len(found) / 3
    answer = ask(TextModel(Classifier()), {"text": [found, found]})
    assert answer.model_metrics == ModelMetrics(
        2, 2 * len(found), 0, 1.0, {}, {"PER": 2, "LOC": 0}, 2 * windows, 2
    )


def test_of_texts_without_entities_the_labels_are_told() -> None:
    assert ask(TextModel(Finder()), {"text": "[]"}).model_metrics.entities == {"PER": 0, "LOC": 0}


def test_of_predictions_that_are_no_entities_no_label_is(model: TextModel) -> None:
    assert ask(model, {"text": ["anna??", "b"]}).model_metrics == ModelMetrics(
        2, 7, unknown_tokens=2
    )


def test_what_goes_elsewhere_is_not_counted(both: TextModel) -> None:
    assert ask(both, {"a": 1}).model_metrics is None


# Requests that are more than texts


@pytest.mark.parametrize("body", [{"text": "a", "params": {"b": 1}}, {"inputs": 5}, [1], {}])
def test_what_is_more_than_texts_goes_elsewhere_whole(both: TextModel, body: object) -> None:
    assert predictions(ask(both, body)) == {"whole": body}


def test_plain_texts_do_not(both: TextModel) -> None:
    assert predictions(ask(both, {"inputs": ["a"]})) == ["A"]
    assert predictions(ask(both, {"text": [], "params": {"b": 1}})) == []


def test_they_share_a_batch_with_texts_and_nothing_is_mixed_up(
    both: TextModel, engine: UpperEngine
) -> None:
    answers = together(both, {"text": "anna"}, {"a": 1}, {"text": "b"}, {"c": 2})
    assert [predictions(answer) for answer in answers] == [
        ["ANNA"],
        {"whole": {"a": 1}},
        ["B"],
        {"whole": {"c": 2}},
    ]
    assert engine.batches == [["ann", "a", "b"]]


def test_one_that_fails_takes_nobody_along(both: TextModel, engine: UpperEngine) -> None:
    good, bad = together(both, {"text": "anna"}, {"fail": 1})
    assert predictions(good) == ["ANNA"]
    assert isinstance(bad, PredictionError)
    assert len(engine.batches) == 1


def test_what_is_refused_there_too_is_refused(both: TextModel) -> None:
    with pytest.raises(RequestError, match="not even here"):
        ask(both, {"refuse": 1})


def test_malformed_bodies_are_tried_once(both: TextModel) -> None:
    with pytest.raises(RequestError) as refusal:
        ask(both, b"{")
    assert refusal.value.code == "malformed"


def test_an_engine_can_be_called(engine: UpperEngine) -> None:
    call = TextPredictor(engine)
    assert call("anna") == ["ANNA"]
    assert call(["anna", "", "b"]) == ["ANNA", "", "B"]
    assert call([]) == []
