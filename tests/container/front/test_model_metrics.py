"""The metrics of a text model, as Prometheus and as CloudWatch's metric filters read them."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth_serving.front import model_metrics
from berth_serving.front.metrics import Metrics
from berth_serving.front.model_metrics import ModelMetricsCollector, rates
from berth_serving.logs import JsonFormatter
from berth_serving.model_metrics import ModelMetrics
from tests.container.process import Server, poll
from tests.container.tokens.folders import save

FOUND = ModelMetrics(texts=4, tokens=60, unknown_tokens=3, score=2.7, entities={"PER": 3, "LOC": 0})


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Read what was logged, as it is written."""
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(JsonFormatter().format(record)) for record in caplog.records]


def test_rates_are_of_a_text_a_token_and_an_entity() -> None:
    assert rates(FOUND) == {
        "texts": 4,
        "tokens_per_text": 15.0,
        "unknown_token_share": 0.05,
        "entities_per_text": {"PER": 0.75, "LOC": 0.0},
        "mean_score": 0.9,
    }


def test_rates_of_classes_and_vectors() -> None:
    classes = ModelMetrics(4, score=3.0, classes={"POS": 3, "NEG": 1}, entropy=1, entropies=4)
    assert rates(classes) == {
        "texts": 4,
        "entities_per_text": {},
        "class_share": {"POS": 0.75, "NEG": 0.25},
        "mean_score": 0.75,
        "mean_entropy": 0.25,
    }
    vectors = rates(ModelMetrics(4, norm=6.0, vectors=4))
    assert vectors == {"texts": 4, "entities_per_text": {}, "mean_norm": 1.5}


def test_what_nobody_counted_has_no_rate() -> None:
    assert rates(ModelMetrics(texts=2)) == {"texts": 2, "entities_per_text": {}}


def test_no_rate_is_written_in_scientific_notation() -> None:
    rare = ModelMetrics(
        texts=30_000, tokens=30_000, unknown_tokens=2, entities={"PER": 1}, score=1e-9
    )
    assert "e-" not in json.dumps(rates(rare))


def test_a_line_has_what_came_since_the_last(told: Callable[[], list[dict[str, Any]]]) -> None:
    model = ModelMetricsCollector()
    model.add(FOUND)
    model.add(FOUND)
    model.log()
    model.add(ModelMetrics(texts=1, tokens=10))
    model.log()
    first, second = told()
    assert (first["event"], first["level"]) == ("model_figures", "INFO")
    assert (first["model"]["texts"], first["model"]["entities_per_text"]["PER"]) == (8, 0.75)
    # A label that was found before is 0: an alarm is to see that it is found no more.
    assert second["model"] == {
        "texts": 1,
        "tokens_per_text": 10.0,
        "unknown_token_share": 0.0,
        "entities_per_text": {"PER": 0.0, "LOC": 0.0},
    }


def test_a_class_that_is_found_no_more_is_logged_as_0(
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    model = ModelMetricsCollector()
    for label in ("POS", "NEG"):
        model.add(ModelMetrics(texts=1, classes={label: 1}))
        model.log()
    assert told()[1]["model"]["class_share"] == {"POS": 0.0, "NEG": 1.0}


def test_there_is_no_line_where_there_were_no_texts(
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    model = ModelMetricsCollector()
    model.log()
    model.add(FOUND)
    model.log()
    model.log()
    assert len(told()) == 1


def test_lines_come_by_themselves_while_the_server_runs(
    told: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_metrics, "LOG_SECONDS", 0.001)
    model = ModelMetricsCollector()

    async def two_lines() -> None:
        telling = asyncio.ensure_future(model.log_every_minute())
        for number in (1, 2):
            model.add(FOUND)
            while len(told()) < number:
                await asyncio.sleep(0)
        telling.cancel()

    asyncio.run(asyncio.wait_for(two_lines(), 60))


def test_prometheus_is_given_all_since_the_start() -> None:
    metrics = Metrics()
    metrics.model.add(FOUND)
    metrics.model.log()
    metrics.model.add(FOUND)
    lines = metrics.text().decode().splitlines()
    for line in (
        "serving_model_texts_total 8.0",
        "serving_model_tokens_total 120.0",
        "serving_model_unknown_tokens_total 6.0",
        'serving_model_entities_total{label="PER"} 6.0',
        'serving_model_entities_total{label="LOC"} 0.0',
        "serving_model_entity_score_count 6.0",
        "serving_model_entity_score_sum 5.4",
    ):
        assert line in lines


def test_prometheus_is_given_classes_entropies_and_norms() -> None:
    metrics = Metrics()
    metrics.model.add(ModelMetrics(2, score=1.5, classes={"POS": 2}, entropy=0.5, entropies=2))
    metrics.model.add(ModelMetrics(1, norm=1.5, vectors=1))
    lines = metrics.text().decode().splitlines()
    for line in (
        'serving_model_classes_total{label="POS"} 2.0',
        "serving_model_entity_score_count 2.0",
        "serving_model_entropy_count 2.0",
        "serving_model_entropy_sum 0.5",
        "serving_model_vector_norm_count 1.0",
        "serving_model_vector_norm_sum 1.5",
    ):
        assert line in lines


# The program


def texts_served(server: Server) -> float:
    lines = server.request("GET", "/metrics").body.decode().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith("serving_model_texts_total "))
    return float(value)


def last_model_metrics(server: Server) -> dict[str, Any]:
    """End the server; what it had not told yet it tells then."""
    server.terminate()
    assert server.wait() == 0
    (line,) = (line for line in server.lines() if line.get("event") == "model_figures")
    model: dict[str, Any] = line["model"]
    return model


@pytest.mark.slow
def test_a_classifiers_metrics_are_those_of_its_responses(tmp_path: Path) -> None:
    texts = ["Anna saw Rome.", "☃ ☃", ""]
    with Server(save(tmp_path / "model", "bert"), tmp_path / "log") as server:
        server.wait_until_ready()
        answers = [server.invoke({"text": text}).json["predictions"][0] for text in texts]
        poll(lambda: texts_served(server) >= 3)
        found = last_model_metrics(server)
    entities = [each for answer in answers for each in answer]
    assert entities
    assert found["texts"] == 3  # and not the canary, which is asked every second
    assert found["unknown_token_share"] > 0
    assert found["entities_per_text"] == {
        label: pytest.approx(sum(each["label"] == label for each in entities) / 3, abs=1e-4)
        for label in ("PER", "LOC")
    }
    scores = [each["score"] for each in entities]
    assert found["mean_score"] == pytest.approx(sum(scores) / len(scores), abs=1e-4)


@pytest.mark.slow
def test_a_pyfuncs_metrics_are_those_of_its_responses(spans_model: Path, tmp_path: Path) -> None:
    with Server(spans_model, tmp_path / "log") as server:
        server.wait_until_ready()
        server.invoke({"text": ["Anna met Carl", "nobody"]})
        server.invoke({"dataframe_split": {"columns": ["text"], "data": [["Rome"]]}})
        server.invoke({"text": ["RAISE"]})
        found = last_model_metrics(server)
    assert found == {"texts": 3, "entities_per_text": {"NAME": 1.0}, "mean_score": 1.0}


@pytest.mark.slow
def test_a_model_of_tables_has_none(table_model: Path, tmp_path: Path) -> None:
    with Server(table_model, tmp_path / "log") as server:
        server.wait_until_ready()
        assert server.invoke({"inputs": {"a": [1.0], "b": [2.0]}}).status == 200
        server.terminate()
        assert server.wait() == 0
        assert not [line for line in server.lines() if "event" in line]
