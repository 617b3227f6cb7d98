"""BERTH_BATCH_REQUESTS: the rows of several requests in one `predict`."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from berth_serving.config import Settings
from berth_serving.errors import LoadError, PredictionError
from berth_serving.model_metrics import ModelMetrics
from berth_serving.models import load
from berth_serving.models import rows as rows_module
from berth_serving.models.rows import RowWiseModel
from berth_serving.servable import Request, Response
from tests.container.folders import save_model
from tests.container.models.requests import ask, predictions, together

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def faulty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("rows") / "model", "faulty.py")


def served(folder: Path) -> RowWiseModel:
    model = load(Settings(model_dir=folder, batch_requests=True))
    assert isinstance(model, RowWiseModel)
    return model


@pytest.fixture(scope="module")
def loaded(faulty_folder: Path) -> RowWiseModel:
    return served(faulty_folder)


@pytest.fixture
def rows(loaded: RowWiseModel) -> RowWiseModel:
    calls(loaded).clear()
    return loaded


def calls(model: RowWiseModel) -> list[list[str]]:
    found: list[list[str]] = model.loaded.unwrap_python_model().calls
    return found


def test_requests_share_a_predict(rows: RowWiseModel) -> None:
    assert rows.mixes
    answers = together(rows, {"text": ["a", "bc"]}, {"text": "def"})
    assert [predictions(answer) for answer in answers] == [[1, 2], [3]]
    assert calls(rows) == [["a", "bc", "def"]]


def test_rows_of_a_table_share_it_too(table_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = served(table_model)
    tables: list[int] = []
    predict = table.loaded.predict

    def counting(data: Any, params: object) -> Any:
        assert params is None
        tables.append(len(data))
        return predict(data)

    monkeypatch.setattr(table.loaded, "predict", counting)
    answers = together(
        table,
        {"dataframe_records": [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 4.0]]}},
    )
    assert [predictions(answer) for answer in answers] == [[0.5, 0.75], [0.25]]
    assert tables == [3]


def test_arrays_by_name_share_it_too(rows: RowWiseModel) -> None:
    bodies: list[Any] = [{"inputs": ["a", "bc"]}, {"instances": [{"text": "defg"}]}]
    assert [predictions(answer) for answer in together(rows, *bodies)] == [[1, 2], [4]]
    assert calls(rows) == [["a", "bc", "defg"]]


def test_rows_of_other_columns_or_types_are_not_joined(rows: RowWiseModel) -> None:
    columns = {"columns": ["text", "more"], "data": [["abc", 1]]}
    answers = together(rows, {"text": ["a"]}, {"dataframe_split": columns}, {"text": ["bc"]})
    assert [predictions(answer) for answer in answers] == [[1], [3], [2]]
    assert sorted(calls(rows)) == [["a", "bc"], ["abc"]]


def test_a_long_request_is_computed_in_parts(
    rows: RowWiseModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "_PART", 2)
    job = rows.open(Request(json.dumps({"text": ["a", "bc", "def"]}).encode()))
    assert [len(item.data) for item in job.items] == [2, 1]
    predict, indices = rows.loaded.predict, []

    def indexed(data: Any, params: object) -> Any:
        assert params is None
        indices.append(list(data.index))
        return predict(data)

    monkeypatch.setattr(rows.loaded, "predict", indexed)
    results = [rows.forward([item])[0] for item in job.items]
    assert indices == [[0, 1], [0]]  # as in a request of its own
    answer = rows.finish(job, results)
    assert isinstance(answer, Response)
    assert predictions(answer) == [1, 2, 3]
    assert answer.model_metrics == ModelMetrics(texts=3)


@pytest.mark.parametrize("form", ["table", "series", "array"])
def test_predictions_of_any_form_are_taken_apart_by_rows(
    rows: RowWiseModel, faulty_folder: Path, form: str
) -> None:
    alone = ask(load(Settings(model_dir=faulty_folder)), {"text": [form, "bc"]})
    first, second = together(rows, {"text": form}, {"text": "bc"})
    assert predictions(first) + predictions(second) == predictions(alone)


def test_no_rows_need_no_prediction(rows: RowWiseModel) -> None:
    assert predictions(ask(rows, {"text": []})) == []


@pytest.mark.parametrize("text", ["lose", "one"])
def test_a_model_without_a_prediction_for_each_row_is_an_error(
    rows: RowWiseModel, text: str
) -> None:
    with pytest.raises(PredictionError, match=r"BERTH_BATCH_REQUESTS=1 it must return one"):
        together(rows, {"text": text}, {"text": "b"})


def test_a_request_with_params_is_computed_alone(spans_model: Path) -> None:
    model = served(spans_model)
    body = {"text": "Anna", "params": {"label": "SINGER"}}
    with_params, wrong, without = together(
        model, body, {"text": "RAISE", "params": {"label": "SINGER"}}, {"text": "Anna"}
    )
    assert predictions(with_params)[0][0]["label"] == "SINGER"
    assert isinstance(wrong, PredictionError)
    assert str(wrong) == "ValueError"  # and not of its encoding
    assert predictions(without)[0][0]["label"] == "NAME"


# The check at load


@pytest.mark.parametrize("example", [[1.0], [1.0, 2.0]])
def test_a_model_that_lies_is_refused(tmp_path: Path, example: list[float]) -> None:
    folder = save_model(tmp_path / "model", "lying.py", example=pd.DataFrame({"a": example}))
    with pytest.raises(LoadError, match="does not work row by row, as it predicts otherwise"):
        served(folder)


def test_a_model_that_has_no_prediction_for_each_row_is_refused(
    tmp_path: Path,
) -> None:
    example = pd.DataFrame({"text": ["one"]})
    folder = save_model(tmp_path / "model", "faulty.py", example=example)
    with pytest.raises(LoadError, match="fails on a row of its input example: predict returned no"):
        served(folder)


def test_what_the_model_says_of_its_example_is_not_repeated(tmp_path: Path) -> None:
    example = pd.DataFrame({"text": ["fail"]})
    folder = save_model(tmp_path / "model", "faulty.py", example=example)
    with pytest.raises(LoadError, match=r"on a row of its input example: KeyError$"):
        served(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, r"\(`model.batch_requests` in stages.toml\) needs an input example, by which"),
        ({"text": []}, "needs an input example whose rows can be taken apart: a table"),
    ],
)
def test_a_model_without_rows_to_check_is_refused(tmp_path: Path, content: Any, says: str) -> None:
    folder = save_model(tmp_path / "model", "faulty.py")
    (folder / "serving_input_example.json").unlink()
    if content is not None:
        (folder / "serving_input_example.json").write_text(json.dumps(content))
    with pytest.raises(LoadError, match=says):
        served(folder)
