import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from berth_serving.config import Settings
from berth_serving.errors import LoadError
from berth_serving.models import classifier
from tests.container.models.conftest import Load
from tests.container.models.requests import UpperEngine, ask, predictions

pytestmark = pytest.mark.slow

CONFIG = json.dumps({"architectures": ["BertForTokenClassification"]})
FILES = {"config.json": CONFIG, "tokenizer.json": "{}", "model.safetensors": ""}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Any, Settings]]:
    """What token engines were made of."""
    made: list[tuple[Path, Any, Settings]] = []

    def token_classifier(folder: Path, *, decode: Any, settings: Settings) -> UpperEngine:
        made.append((folder, decode, settings))
        return UpperEngine()

    module = ModuleType("berth_serving.tokens.classifier")
    module.TokenClassifier = token_classifier  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "berth_serving.tokens.classifier", module)
    return made


def test_a_folder_of_transformers_is_served_by_the_token_engine(
    load_files: Load, made: list[Any], tmp_path: Path
) -> None:
    model = load_files(FILES)
    assert predictions(ask(model, {"text": ["a", "b"]})) == ["A", "B"]
    assert model.mixes
    ((folder, decode, settings),) = made
    assert (folder, decode, settings.model_dir) == (tmp_path, None, tmp_path)


def test_it_proves_itself_by_a_sentence_or_by_its_own_example(
    load_files: Load, made: list[Any]
) -> None:
    example = load_files(FILES).example
    assert example is not None
    assert b"Anna Schmidt" in example.body
    example = load_files(FILES | {"serving_input_example.json": '{"text": "a"}'}).example
    assert example is not None
    assert example.body == b'{"text": "a"}'


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"config.json": "{"}, "config.json: has no architectures"),
        ({"config.json": "[]"}, "config.json: has no architectures"),
        ({"config.json": '{"architectures": null}'}, "config.json: has no architectures"),
        ({"config.json": '{"architectures": ["BertModel"]}'}, "BertModel, but only …ForToken"),
        ({"tokenizer.json": None}, "no tokenizer.json; save it with the model"),
        ({"model.safetensors": None}, r"no model.safetensors; save_pretrained\(safe_serial"),
        (
            {"model.safetensors": None, "pytorch_model.bin": ""},
            r"pytorch_model.bin\), which is not loaded; save_pretrained\(safe_serialization=True",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_line(
    load_files: Load, made: list[Any], changed: dict[str, str | None], reason: str
) -> None:
    files = {name: text for name, text in (FILES | changed).items() if text is not None}
    with pytest.raises(LoadError, match=reason) as refusal:
        load_files(files)
    assert len(str(refusal.value).splitlines()) == 1
    assert made == []


def test_a_hook_that_leads_nowhere_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"nowhere/config\.json: No such file"):
        classifier.engine_of(tmp_path / "nowhere", Settings())
