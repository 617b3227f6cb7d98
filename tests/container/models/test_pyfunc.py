import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import pyfunc
from mlflow.pyfunc.scoring_server import predictions_to_json

from berth_serving.config import Settings
from berth_serving.errors import Broken, LoadError, OutOfMemory, PredictionError, RequestError
from berth_serving.model_metrics import ModelMetrics
from berth_serving.models import load, mlflow_folder
from berth_serving.servable import EncodedText, Request, Servable
from tests.container.folders import replace, save_model
from tests.container.models.requests import UpperEngine, ask, predictions, together

pytestmark = pytest.mark.slow

Saved = Callable[[str], Path]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Save one of `sources/`, once for all tests."""
    made: dict[str, Path] = {}

    def saved(source: str) -> Path:
        if source not in made:
            made[source] = save_model(tmp_path_factory.mktemp("pyfunc") / "model", source)
        return made[source]

    return saved


def served(folder: Path, **settings: Any) -> Servable:
    return load(Settings(model_dir=folder, **settings))


@pytest.fixture(scope="session")
def faulty(saved: Saved) -> Servable:
    return served(saved("faulty.py"))


@pytest.fixture(scope="session")
def table(table_model: Path) -> Servable:
    return served(table_model)


# A pyfunc without hooks: MLflow's own predict, one request at a time


def test_a_request_is_answered_as_mlflow_does(table: Servable, table_model: Path) -> None:
    records = [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]
    theirs = StringIO()
    predictions_to_json(pyfunc.load_model(str(table_model)).predict(pd.DataFrame(records)), theirs)
    ours = ask(table, {"dataframe_records": records})
    assert json.loads(ours.body) == json.loads(theirs.getvalue())
    assert not table.mixes


def test_every_type_of_body_and_answer(table: Servable) -> None:
    frame = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})
    assert ask(table, b"a,b\n1,2\n3,4\n", "text/csv", accept="text/csv").body == b"0.5\n0.75\n"
    assert predictions(ask(table, frame.to_parquet(), "application/x-parquet")) == [0.5, 0.75]
    lines = b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n'
    assert ask(table, lines, "application/jsonlines").body == b"0.5\n0.75\n"


def test_what_json_has_no_name_for_is_null(table: Servable) -> None:
    assert predictions(ask(table, {"dataframe_records": [{"a": 1.0, "b": 0.0}]})) == [None]


def test_no_texts_need_no_prediction(faulty: Servable) -> None:
    assert not faulty.open(Request(b'{"text": []}')).items
    assert predictions(ask(faulty, {"text": []})) == []


def test_the_folders_example_is_the_models(faulty: Servable) -> None:
    assert faulty.example is not None
    answer = faulty.finish(job := faulty.open(faulty.example), faulty.forward(job.items))
    assert predictions(answer) == [len("Anna lives in Berlin")]


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model", "spans.py")
    (folder / "serving_input_example.json").unlink()
    assert served(folder).example is None


@pytest.mark.parametrize(
    "body",
    [
        {"text": ["Anna", "b"]},
        {"dataframe_split": {"columns": ["text"], "data": [["Anna"], ["b"]]}},
        {"inputs": ["Anna", "b"]},
    ],
)
def test_model_metrics_are_those_of_its_responses(spans_model: Path, body: object) -> None:
    found = ask(served(spans_model), body).model_metrics
    assert found == ModelMetrics(texts=2, score=1.0, entities={"NAME": 1})


def test_an_answer_that_is_not_of_texts_has_none(table: Servable) -> None:
    assert ask(table, {"dataframe_records": [{"a": 1.0, "b": 2.0}]}).model_metrics is None


def test_params_reach_the_model(spans_model: Path) -> None:
    answer = ask(served(spans_model), {"text": "Anna", "params": {"label": "SINGER"}})
    assert predictions(answer)[0][0]["label"] == "SINGER"


def test_a_pickled_model_is_loaded(pickled_model: Path) -> None:
    assert predictions(ask(served(pickled_model), {"text": "a"})) == ["A"]


def test_a_model_by_type_hint_gets_a_list_and_no_table_is_made(
    saved: Saved, tables_made: list[object]
) -> None:
    model = served(saved("hinted.py"))
    tables_made.clear()
    for body in ({"text": ["a", "b"]}, {"inputs": ["a", "b"]}):
        assert predictions(ask(model, body)) == ["A", "B"]
    assert predictions(ask(model, b"a\nb\n", "text/csv")) == ["A", "B"]
    assert tables_made == []
    with pytest.raises(RequestError, match="inputs only"):
        ask(model, {"instances": ["a"]})


@pytest.mark.parametrize(
    ("text", "fault", "says"),
    [
        ("refuse", RequestError, "no such text"),
        ("fail", PredictionError, "^KeyError$"),
        ("memory", OutOfMemory, "CUDA out of memory"),
        ("gpu", Broken, "the GPU can compute nothing any more"),
        ("object", PredictionError, "not JSON"),
    ],
)
def test_what_the_model_raises_is_what_it_deserves(
    faulty: Servable, text: str, fault: type[Exception], says: str
) -> None:
    with pytest.raises(fault, match=says):
        ask(faulty, {"text": text})


def test_the_default_of_accept_has_to_be_a_type_that_can_be_made(saved: Saved) -> None:
    answer = ask(served(saved("faulty.py"), default_accept="text/csv"), {"text": ["a", "bc"]})
    assert answer.body == b"1\n2\n"
    with pytest.raises(LoadError, match="ACCEPT='image/png': must be application/json, "):
        served(saved("faulty.py"), default_accept="image/png")


# A pyfunc with hooks: the server runs its classifier


class Decoding(UpperEngine):
    """An engine that leaves the last word to the hook."""

    decode: Callable[..., Any]
    folder: Path

    def finish(self, encoded: EncodedText, results: Any) -> Any:
        return self.decode(super().finish(encoded, results), [], [], [])


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Decoding:
    engine = Decoding()

    def engine_of(folder: Path, settings: Settings, decode: Callable[..., Any]) -> Decoding:
        engine.folder, engine.decode = folder, decode
        return engine

    monkeypatch.setattr(mlflow_folder, "engine_of", engine_of)
    return engine


@pytest.fixture
def hooked(saved: Saved, engine: Decoding) -> Servable:
    return served(saved("hooked.py"))


@pytest.fixture
def tables_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every table of pandas that is made."""
    made: list[object] = []
    original = pd.DataFrame.__init__

    def counted(self: Any, *arguments: Any, **named: Any) -> None:
        made.append(self)
        original(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "__init__", counted)
        yield made


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"text": ["a", "b"]}', "application/json"),
        (b'{"instances": ["a", "b"]}', "application/json"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [["a"], ["b"]]}}', None),
        (b"text\na\nb\n", "text/csv"),
        (b'"a"\n"b"\n', "application/jsonlines"),
    ],
)
def test_texts_go_to_the_classifier_without_a_table(
    hooked: Servable,
    engine: Decoding,
    tables_made: list[object],
    body: bytes,
    content_type: str | None,
) -> None:
    expected = [{"decoded": "A", "of": 3}, {"decoded": "B", "of": 3}]
    answer = ask(hooked, body, content_type, accept="application/json")
    assert predictions(answer) == expected
    assert engine.batches == [["a", "b"]]
    assert tables_made == []
    assert hooked.mixes


def test_the_classifiers_folder_is_the_hooks(
    hooked: Servable, engine: Decoding, saved: Saved
) -> None:
    assert engine.folder.name == "classifier"


def test_what_has_params_goes_to_predict_and_shares_the_batch(
    hooked: Servable, engine: Decoding
) -> None:
    answers = together(hooked, {"text": "a"}, {"text": "b", "params": {"suffix": "!"}})
    assert [predictions(answer) for answer in answers] == [[{"decoded": "A", "of": 3}], ["b!"]]
    assert engine.batches == [["a"]]


def test_what_neither_takes_is_refused_with_the_place(hooked: Servable) -> None:
    with pytest.raises(RequestError) as refusal:
        ask(hooked, {"text": ["a", 5]})
    assert (refusal.value.status, refusal.value.where) == (400, "text[1]")


def test_the_example_of_a_table_is_texts_too(hooked: Servable, engine: Decoding) -> None:
    assert hooked.example is not None
    assert len(hooked.open(hooked.example).items) == 7
    assert engine.encoded == [["Anna lives in Berlin"]]


# Before any of it is loaded


def test_neither_files_nor_versions_that_are_wrong_get_as_far_as_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "imported"
    monkeypatch.setenv("TEST_IMPORT_MARK", str(mark))
    folder = save_model(tmp_path / "model", "spans.py")
    mark.unlink()
    with pytest.raises(LoadError, match="SHA256SUMS: No such file"):
        served(folder, manifest_sha256="0" * 64)
    replace(folder / "MLmodel", "python_version: 3", "python_version: 2")
    with pytest.raises(LoadError, match=r"Python 2\.\S+ made the model"):
        served(folder)
    assert not mark.exists()
    served(folder, skip_version_check=True)
    assert mark.exists()
