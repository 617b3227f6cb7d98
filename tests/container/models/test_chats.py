"""Bodies of `messages`, `prompt` and `input`, answered as MLflow's own server answers them."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import pyfunc
from mlflow.pyfunc.scoring_server import invocations

from berth_serving.config import Settings
from berth_serving.errors import PredictionError, RequestError
from berth_serving.models import load
from berth_serving.servable import Servable
from tests.container.folders import SOURCES, save_model
from tests.container.models.requests import ask, chunks, value

pytestmark = pytest.mark.slow

MESSAGES = [{"role": "user", "content": "Anna"}]


def saved(folder: Path, source: str) -> Path:
    pyfunc.save_model(
        folder, python_model=str(SOURCES / source), pip_requirements=["mlflow-skinny"]
    )
    return folder


@pytest.fixture(scope="module")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("chat") / "model", "chat.py")


@pytest.fixture(scope="module")
def chat(chat_folder: Path) -> Servable:
    return load(Settings(model_dir=chat_folder))


def test_a_chat_model_answers_bare_what_mlflow_answers(chat: Servable, chat_folder: Path) -> None:
    body = {"messages": MESSAGES, "temperature": 0.5}
    model = pyfunc.load_model(str(chat_folder))
    schema = model.metadata.get_input_schema()
    mlflows = invocations(json.dumps(body), "application/json", model, schema)
    answer = value(ask(chat, body))
    assert answer["choices"][0]["message"]["content"] == "Anna at 0.5"
    assert answer == json.loads(mlflows.response)


@pytest.mark.parametrize(
    ("body", "accept"), [({"stream": True}, None), ({}, "text/event-stream; charset=utf-8")]
)
def test_predict_stream_is_streamed_as_events(
    chat: Servable, body: dict[str, Any], accept: str | None
) -> None:
    answer = ask(chat, {"messages": MESSAGES, **body}, accept=accept)
    assert answer.content_type == "text/event-stream"
    *events, last = chunks(answer)
    assert last == b"data: [DONE]\n\n"
    read = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert [event["choices"][0]["delta"]["content"] for event in read] == ["An", "na"]


def test_a_stream_that_fails_at_once_has_a_status(chat: Servable) -> None:
    with pytest.raises(PredictionError):
        ask(chat, {"messages": [{"role": "user", "content": "fail"}], "stream": True})


@pytest.mark.parametrize("key", ["prompt", "input"])
def test_prompt_and_input_are_passed_on_whole_but_for_params(tmp_path: Path, key: str) -> None:
    model = load(Settings(model_dir=saved(tmp_path / "model", "echoing.py")))
    assert value(ask(model, {key: "a", "more": [1]})) == {key: "a", "more": [1]}
    assert value(ask(model, {key: "a", "stream": True}))["stream"] is True


def test_a_model_of_texts_refuses_them(tmp_path: Path) -> None:
    model = load(Settings(model_dir=save_model(tmp_path / "model", "spans.py")))
    with pytest.raises(RequestError):
        ask(model, {"prompt": "a"})
