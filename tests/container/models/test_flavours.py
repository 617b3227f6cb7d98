"""MLflow's flavours on the server's engine: as MLflow's own predict."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from mlflow import pyfunc
from mlflow.pyfunc.scoring_server import predictions_to_json

from bench.serving.workload import texts
from berth_serving.config import Settings
from berth_serving.models import load
from berth_serving.models.pyfunc import PyfuncModel
from berth_serving.models.text_model import TextModel
from berth_serving.tokens.sequences import SentenceEncoder, SequenceClassifier
from tests.container.models.requests import ask, predictions
from tests.container.tokens.folders import save
from tests.container.tokens.test_sequences import sentence_folder

pytestmark = pytest.mark.slow

TEXTS = [text[:80] for text in texts(8, seed=4)]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text classifier as `mlflow.transformers` saves it."""
    import mlflow
    from transformers import pipeline

    home = tmp_path_factory.mktemp("flavours")
    folder = save(
        home / "trained", "bert", ("NEG", "POS"), task="AutoModelForSequenceClassification"
    )
    classify = pipeline("text-classification", model=str(folder), device="cpu")
    mlflow.transformers.save_model(
        classify, home / "model", pip_requirements=["mlflow"], model_card=None
    )
    return home / "model"


def theirs(folder: Path, given: list[str]) -> Any:
    text = StringIO()
    predictions_to_json(pyfunc.load_model(str(folder)).predict(given), text)
    return json.loads(text.getvalue())["predictions"]


def engine(folder: Path) -> Any:
    model = load(Settings(model_dir=folder, threads=1, skip_version_check=True))
    assert isinstance(model, TextModel)
    return model._engine


def test_a_pipeline_is_computed_by_the_engine_and_answers_as_mlflow(logged: Path) -> None:
    model = load(Settings(model_dir=logged, threads=1, skip_version_check=True))
    assert isinstance(engine(logged), SequenceClassifier)
    expected = theirs(logged, TEXTS)
    split = {"columns": ["text"], "data": [[text] for text in TEXTS]}
    bodies: list[Any] = [{"inputs": TEXTS}, {"instances": TEXTS}, {"dataframe_split": split}]
    for body in bodies:
        found = predictions(ask(model, body))
        assert [one["label"] for one in found] == [one["label"] for one in expected]
        np.testing.assert_allclose(
            [one["score"] for one in found], [one["score"] for one in expected], atol=1e-4
        )


def test_params_are_ignored_as_mlflow_does_without_a_schema_of_them(logged: Path) -> None:
    model = load(Settings(model_dir=logged, threads=1, skip_version_check=True))
    (found,) = predictions(ask(model, {"inputs": TEXTS[:1], "params": {"top_k": 2}}))
    (expected,) = theirs(logged, TEXTS[:1])
    assert found == {"label": expected["label"], "score": pytest.approx(expected["score"])}


@pytest.mark.parametrize("key", ["model_config", "instance_type"])
def test_a_pipeline_with_settings_of_its_own_is_computed_by_mlflow(
    logged: Path, tmp_path: Path, key: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for entry in logged.iterdir():
        (folder / entry.name).symlink_to(entry)
    listed = yaml.safe_load((logged / "MLmodel").read_text())
    if key == "model_config":
        listed["flavors"]["python_function"]["model_config"] = {"top_k": 2}
    else:
        listed["flavors"]["transformers"]["instance_type"] = "ZeroShotClassificationPipeline"
    (folder / "MLmodel").unlink()
    (folder / "MLmodel").write_text(yaml.safe_dump(listed))
    model = load(Settings(model_dir=folder, threads=1, skip_version_check=True))
    assert isinstance(model, PyfuncModel)


def test_sentence_transformers_as_mlflow_writes_it(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """MLmodel as mlflow.sentence_transformers.save_model has it."""

    def saved(kind: str, **changes: Any) -> Path:
        return save(tmp_path_factory.mktemp(kind), kind, **changes)

    inner = tmp_path / "model.sentence_transformer"
    inner.mkdir()
    sentence_folder(saved, inner, "Pooling", "Normalize")
    listed = {
        "flavors": {
            "python_function": {
                "loader_module": "mlflow.sentence_transformers",
                "data": "model.sentence_transformer",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            },
            "sentence_transformers": {"code": None, "pipeline_model_type": "BertModel"},
        },
        "signature": {
            "inputs": '[{"type": "string", "required": true}]',
            "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]',
            "params": None,
        },
    }
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(listed))
    assert isinstance(engine(tmp_path), SentenceEncoder)
