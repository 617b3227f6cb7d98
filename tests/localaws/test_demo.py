"""What the demonstration sends and shows, whatever the model is."""

import json
from pathlib import Path
from typing import Any

import pytest

from localaws.console import SCREEN
from localaws.demo import example_of, show
from localaws.home import LocalAwsError

TABLE = json.dumps({"dataframe_split": {"columns": ["text"], "data": [["Ada was here"]]}}).encode()
ENTITY = {"text": "Ada", "label": "PER", "score": 0.5, "start": 0, "end": 3}


def test_the_models_own_example_is_sent(tmp_path: Path) -> None:
    (tmp_path / "serving_input_example.json").write_bytes(TABLE)
    assert example_of(tmp_path) == TABLE


def test_an_encoder_gets_a_text(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    assert list(json.loads(example_of(tmp_path))) == ["text"]


@pytest.mark.parametrize(
    ("file", "cure"),
    [("MLmodel", "with an input_example"), ("code/inference.py", "write a request there")],
)
def test_what_no_request_is_known_of_is_told_how_to_have_one(
    file: str, cure: str, tmp_path: Path
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    with pytest.raises(LocalAwsError, match=rf"serving_input_example\.json: no such file.*{cure}"):
        example_of(tmp_path)


@pytest.mark.parametrize(
    "response",
    [
        {"predictions": [{"label": "good", "score": 0.5}]},
        {"predictions": [[0.1, 0.2]]},
        {"predictions": [1.5]},
        {"error": {"code": "x"}},
        ["a", 1],
    ],
)
def test_a_response_of_any_form_is_shown(response: Any) -> None:
    with SCREEN.capture() as shown:
        show(TABLE, response)
    assert json.loads(shown.get()) == response


def test_entities_are_a_table() -> None:
    with SCREEN.capture() as shown:
        show(TABLE, {"predictions": [[ENTITY]]})
    assert "Ada was here" in shown.get()
    assert "PER" in shown.get()
