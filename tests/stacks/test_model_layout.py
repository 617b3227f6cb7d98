"""The kinds of model folder, and layouts that are refused before anything is packed."""

from pathlib import Path

import pytest

from stacks.compatibility import IncompatibleError, read_model
from stacks.model_layout import LayoutError, check_layout, kind_of
from stacks.settings import ModelSettings

HANDLERS, CONFIG, TOKENIZER = "code/inference.py", "config.json", "tokenizer.json"


def _folder(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["MLmodel", HANDLERS, CONFIG], "mlflow"),
        ([HANDLERS, CONFIG], "code"),
        ([CONFIG], "encoder"),
        (["modules.json"], "encoder"),
    ],
)
def test_the_kind_is_the_one_that_the_server_takes(
    tmp_path: Path, files: list[str], kind: str
) -> None:
    assert kind_of(_folder(tmp_path, *files)) == kind


@pytest.mark.parametrize(
    ("flavor", "reason"),
    [
        ("{loader_module: a, data: 'artifacts\\model'}", "data = .*a path of Windows"),
        ("{artifacts: {w: {path: 'C:/w'}}}", "artifacts.w.path = .*a path of Windows"),
        ("{code: code}", "code = code: no such file"),
        ("{model_code_path: /src/agent.py}", "model_code_path = agent.py: no such file"),
        ("{model_path: ../model.pkl}", "not in the folder"),
        ("{data: /tmp}", "not in the folder"),
        ("3", "no flavors.python_function"),
    ],
)
def test_an_mlmodel_names_files_that_are_there(tmp_path: Path, flavor: str, reason: str) -> None:
    (tmp_path / "MLmodel").write_text(f"flavors: {{python_function: {flavor}}}")
    with pytest.raises(LayoutError, match=reason) as caught:
        check_layout(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["agent.py", "/home/somebody/agent.py", "../src/agent.py"])
def test_a_models_code_is_found_by_its_name_wherever_it_was_logged(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / "agent.py").touch()
    (tmp_path / "MLmodel").write_text(f"flavors: {{python_function: {{model_code_path: {path}}}}}")
    assert check_layout(tmp_path) == "mlflow"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([CONFIG, "model.safetensors"], "no tokenizer.json"),
        ([CONFIG, TOKENIZER], "no model.safetensors"),
        ([CONFIG, TOKENIZER, "pytorch_model.bin"], "a pickle"),
        ([CONFIG, TOKENIZER, "model.safetensors.index.json"], "in several files"),
    ],
)
def test_files_of_transformers_that_are_not_loaded_can_be_converted(
    tmp_path: Path, files: list[str], reason: str
) -> None:
    with pytest.raises(LayoutError, match=f"{reason}.*berth pack --convert"):
        check_layout(_folder(tmp_path, *files))


def test_the_environment_of_other_kinds_is_that_of_stages_toml(tmp_path: Path) -> None:
    _folder(tmp_path, HANDLERS)
    given = ModelSettings(path="m", python="3.12", requirements=("numpy==2.3.0",))
    record = read_model(tmp_path, "m", given).record
    assert (record.python_version, record.requirements) == ("3.12", "numpy==2.3.0\n")
    (tmp_path / "code" / "requirements.txt").write_text("scipy")
    assert read_model(tmp_path, "m", given).record.requirements == "scipy\nnumpy==2.3.0\n"


@pytest.mark.parametrize("key", ["python", "requirements"])
def test_a_folder_that_says_nothing_of_its_environment_is_refused(tmp_path: Path, key: str) -> None:
    given = {"path": "m", "python": "3.12", "requirements": ["numpy"]}
    del given[key]
    with pytest.raises(IncompatibleError, match=f"set model.{key}.* in stages.toml"):
        read_model(_folder(tmp_path, HANDLERS), "m", ModelSettings.model_validate(given))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (CONFIG, "", "config.json: cannot be read as JSON"),
        (CONFIG, "[]", "has no architectures"),
        (CONFIG, '{"architectures": null}', "has no architectures"),
        (CONFIG, '{"architectures": ["BertForMaskedLM"]}', "BertForMaskedLM, but only"),
        ("modules.json", "{", "modules.json: cannot be read as JSON"),
        ("modules.json", "[]", "no Transformer"),
        ("modules.json", '[{"type": "a.CLIPModel", "path": ""}]', "no Transformer"),
        ("modules.json", '[{"type": "a.Transformer", "path": "0_T"}]', "0_T: no such folder"),
        (
            "modules.json",
            '[{"type": "a.Transformer", "path": ""}, {"type": "a.LSTM", "path": "1_L"}]',
            "the module LSTM is not served",
        ),
    ],
)
def test_an_encoder_is_one_that_the_server_computes(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    _folder(tmp_path, TOKENIZER, "model.safetensors")
    (tmp_path / name).write_text(content)
    with pytest.raises(LayoutError, match=reason) as caught:
        check_layout(tmp_path)
    assert "\n" not in str(caught.value)
