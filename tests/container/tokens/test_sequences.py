"""Sequence classifiers and sentence encoders answer what transformers' own code does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from bench.serving.workload import texts
from berth_serving.config import Settings
from berth_serving.errors import LoadError
from berth_serving.models import load
from berth_serving.tokens.onnx_engine import OnnxEngine
from berth_serving.tokens.sequences import SentenceEncoder, SequenceClassifier
from berth_serving.tokens.torch_engine import TorchEngine
from tests.container.models.requests import ask, predictions
from tests.container.tokens.conftest import Save, predict

pytestmark = pytest.mark.slow

TEXTS = [*texts(40, seed=9), "", "a", "the", " ".join(texts(20, seed=2)), "lone \ud800 surrogate"]
CLASSES = ("NEG", "NEU", "POS")
ENGINES = {
    "bert": OnnxEngine,
    "roberta": OnnxEngine,
    "distilbert": OnnxEngine,
    "xlm-roberta": OnnxEngine,
    "camembert": OnnxEngine,
    **dict.fromkeys(["albert", "electra", "mpnet", "deberta-v2", "modernbert"], TorchEngine),
    # What stands beside a row in a batch would change these.
    **dict.fromkeys(["convbert", "nystromformer"], TorchEngine),
}
SIZES: dict[str, dict[str, Any]] = {"albert": {"embedding_size": 32}}
SETTINGS = Settings(threads=1)


def saved_classifier(saved: Save, kind: str, **changes: Any) -> Path:
    return saved(kind, tags=CLASSES, task="AutoModelForSequenceClassification", **changes)


def by_pipeline(folder: Path) -> list[Any]:
    """Each text alone, so that none is padded."""
    from transformers import pipeline

    classify = pipeline("text-classification", model=str(folder), device="cpu")
    encodable = [text.replace("\ud800", "\ufffd") for text in TEXTS]
    return [classify(text, truncation=True)[0] for text in encodable]


def assert_same(found: list[Any], expected: list[Any]) -> None:
    assert [one["label"] for one in found] == [one["label"] for one in expected]
    np.testing.assert_allclose(
        [one["score"] for one in found], [one["score"] for one in expected], atol=1e-4
    )


@pytest.mark.parametrize("kind", ENGINES)
def test_a_classifier_answers_as_the_pipeline_whoever_shares_the_batch(
    saved: Save, kind: str
) -> None:
    folder = saved_classifier(saved, kind, **SIZES.get(kind, {}))
    classifier = SequenceClassifier(folder, settings=SETTINGS)
    assert isinstance(classifier._engine, ENGINES[kind])
    found = predict(classifier, TEXTS)
    assert_same(found, by_pipeline(folder))
    assert len({one["label"] for one in found}) > 1
    assert_same([predict(classifier, [text])[0] for text in TEXTS], found)


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_the_scores_are_those_of_the_problem(saved: Save, problem: str) -> None:
    folder = saved_classifier(saved, "bert", problem_type=problem)
    classifier = SequenceClassifier(folder, settings=SETTINGS)
    assert_same(predict(classifier, TEXTS), by_pipeline(folder))


def test_one_class_without_a_problem_is_a_probability(saved: Save) -> None:
    folder = saved("bert", tags=("HATE",), task="AutoModelForSequenceClassification")
    classifier = SequenceClassifier(folder, settings=SETTINGS)
    assert_same(predict(classifier, TEXTS), by_pipeline(folder))


def test_weights_and_config_of_different_models_are_refused(saved: Save, tmp_path: Path) -> None:
    folder = saved_classifier(saved, "bert")
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {"0": "A", "1": "B"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(LoadError, match="names 2 classes, and the weights have 3"):
        SequenceClassifier(tmp_path, settings=SETTINGS)


def test_the_server_finds_out_by_itself_what_the_folder_is(saved: Save) -> None:
    model = load(Settings(model_dir=saved_classifier(saved, "distilbert"), threads=1))
    assert model.mixes
    response = ask(model, {"text": ["good", "bad"]})
    for one in predictions(response):
        assert one["label"] in CLASSES
    assert response.model_metrics is not None
    assert set(response.model_metrics.classes) == set(CLASSES)
    assert sum(response.model_metrics.classes.values()) == 2
    assert response.model_metrics.entropies == 2
    assert 0 < response.model_metrics.entropy <= 2 * np.log2(len(CLASSES))
    assert not response.model_metrics.entities


def test_the_entropy_is_that_of_one_class_of_several(saved: Save) -> None:
    classifier = SequenceClassifier(saved_classifier(saved, "bert"), settings=SETTINGS)
    for scores, bits in (([0.5, 0.25, 0.25], 1.5), ([1.0, 0.0, 0.0], 0.0)):
        assert classifier.entropy([np.array(scores, np.float32)]) == pytest.approx(bits)
    for problem in ("multi_label_classification", "regression"):
        folder = saved_classifier(saved, "bert", problem_type=problem)
        several = SequenceClassifier(folder, settings=SETTINGS)
        assert several.entropy([np.array([0.5, 0.5, 0.5])]) is None


# Sentence encoders


def sentence_folder(
    saved: Save, folder: Path, *modules: str, kind: str = "bert", limit: int = 32, **pooling: Any
) -> Path:
    """As sentence-transformers writes a folder."""
    inner = saved(kind, task="AutoModel")
    for file in inner.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    limits = {"max_seq_length": limit, "do_lower_case": False}
    (folder / "sentence_bert_config.json").write_text(json.dumps(limits))
    listed = [{"idx": 0, "name": "0", "path": "", "type": _TYPE.format("Transformer")}]
    for index, module in enumerate(modules, 1):
        path = f"{index}_{module}"
        listed.append(
            {"idx": index, "name": str(index), "path": path, "type": _TYPE.format(module)}
        )
        (folder / path).mkdir()
    config = {"word_embedding_dimension": 32, **(pooling or {"pooling_mode_mean_tokens": True})}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    if "Dense" in modules:
        random = np.random.default_rng(5)
        dense = {"linear.weight": random.normal(size=(8, 32)), "linear.bias": random.normal(size=8)}
        save_file(
            {name: value.astype(np.float32) for name, value in dense.items()},
            folder / "2_Dense" / "model.safetensors",
        )
        activation = {"activation_function": "torch.nn.modules.activation.Tanh"}
        (folder / "2_Dense" / "config.json").write_text(json.dumps(activation))
    (folder / "modules.json").write_text(json.dumps(listed))
    return folder


_TYPE = "sentence_transformers.models.{}"


def states(folder: Path, text: str) -> np.ndarray[Any, Any]:
    """The last hidden states of a text, by transformers."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    given = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
    with torch.inference_mode():
        found = AutoModel.from_pretrained(folder)(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"]
        )
    return found.last_hidden_state[0].numpy()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("mode", "pooled"),
    [
        ({"pooling_mode_mean_tokens": True}, lambda x: x.mean(0)),
        ({"pooling_mode": "mean"}, lambda x: x.mean(0)),
        ({"pooling_mode": "cls"}, lambda x: x[0]),
        ({"pooling_mode_cls_token": True}, lambda x: x[0]),
        ({"pooling_mode_max_tokens": True}, lambda x: x.max(0)),
        ({"pooling_mode_lasttoken": True}, lambda x: x[-1]),
        (
            {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            lambda x: np.concatenate([x[0], x.mean(0)]),
        ),
    ],
)
def test_a_vector_is_pooled_and_normalized(
    saved: Save, tmp_path: Path, mode: dict[str, Any], pooled: Any
) -> None:
    folder = sentence_folder(saved, tmp_path, "Pooling", "Normalize", **mode)
    encoder = SentenceEncoder(folder, settings=SETTINGS)
    chosen = [TEXTS[0], TEXTS[43]]
    for text, found in zip(chosen, predict(encoder, chosen), strict=True):
        vector = pooled(states(folder, text))
        np.testing.assert_allclose(found, vector / np.linalg.norm(vector), atol=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "electra"])
def test_a_vector_is_the_same_whoever_shares_the_batch(
    saved: Save, tmp_path: Path, kind: str
) -> None:
    folder = sentence_folder(saved, tmp_path, "Pooling", "Dense", kind=kind)
    encoder = SentenceEncoder(folder, settings=SETTINGS)
    together = predict(encoder, TEXTS)
    assert {len(vector) for vector in together} == {8}
    np.testing.assert_allclose([predict(encoder, [text])[0] for text in TEXTS], together, atol=1e-4)


def test_a_prompt_that_is_the_models_default_stands_before_each_text(
    saved: Save, tmp_path: Path
) -> None:
    folder = sentence_folder(saved, tmp_path, "Pooling")
    (plain,) = predict(SentenceEncoder(folder, settings=SETTINGS), ["query: the"])
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert predict(SentenceEncoder(folder, settings=SETTINGS), ["the"]) == [plain]


def test_a_module_that_is_not_known_is_refused(saved: Save, tmp_path: Path) -> None:
    folder = sentence_folder(saved, tmp_path, "Pooling", "LSTM")
    with pytest.raises(LoadError, match="the module LSTM is not known"):
        SentenceEncoder(folder, settings=SETTINGS)


def test_the_server_answers_vectors(saved: Save, tmp_path: Path) -> None:
    model = load(Settings(model_dir=sentence_folder(saved, tmp_path, "Pooling"), threads=1))
    (vector,) = predictions(ask(model, {"inputs": ["the"]}))
    assert len(vector) == 32
