"""ONNX Runtime and torch compute the same, whoever shares the batch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from bench.serving.workload import texts
from berth_serving.errors import Broken, LoadError, OutOfMemory
from berth_serving.tokens.arrays import Array, parts
from berth_serving.tokens.classifier import TokenClassifier
from berth_serving.tokens.graph import Graph
from berth_serving.tokens.onnx_engine import OnnxEngine, session_of
from berth_serving.tokens.torch_engine import TorchEngine
from tests.container.tokens.conftest import Load, Save, predict

pytestmark = pytest.mark.slow

TEXTS = [*texts(40, seed=9), "a", "the", " ".join(texts(20, seed=2))]
FAMILIES = ["bert", "roberta", "distilbert"]


def rows(classifier: TokenClassifier, given: Sequence[str] = TEXTS) -> list[Array]:
    return [item for each in classifier.encode(given) for item in each.items]


def assert_close(found: Sequence[Array], expected: Sequence[Array], noise: float = 1e-5) -> None:
    assert [each.shape for each in found] == [each.shape for each in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=noise)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_graph_computes_what_transformers_does(kind: str, saved: Save, load: Load) -> None:
    classifier = load(kind)
    assert isinstance(classifier._engine, OnnxEngine)
    torch_engine = TorchEngine(saved(kind), threads=1, pad=0)
    given = rows(classifier)
    assert max(map(len, given)) == 128
    assert_close(classifier.forward(given), torch_engine.compute(given))


def test_the_graph_has_relu_too(saved: Save, load: Load) -> None:
    classifier = load("bert", hidden_act="relu")
    assert isinstance(classifier._engine, OnnxEngine)
    torch_engine = TorchEngine(saved("bert", hidden_act="relu"), threads=1, pad=0)
    given = rows(classifier)
    assert_close(classifier.forward(given), torch_engine.compute(given))


@pytest.mark.parametrize("wide", [1024, 2048])
def test_zeros_that_keep_rows_apart_in_the_cache_change_nothing(
    wide: int, saved: Save, load: Load
) -> None:
    classifier = load("bert", intermediate_size=wide)
    torch_engine = TorchEngine(saved("bert", intermediate_size=wide), threads=1, pad=0)
    given = rows(classifier)
    assert_close(classifier.forward(given), torch_engine.compute(given))


@pytest.mark.parametrize("kind", [*FAMILIES, "electra"])
def test_no_result_depends_on_who_shared_the_batch(kind: str, load: Load) -> None:
    classifier = load(kind)
    given = rows(classifier)
    alone = [result for row in given for result in classifier.forward([row])]
    assert_close(classifier.forward(given), alone)
    assert_close(classifier.forward(given[::-1])[::-1], alone)


@pytest.mark.parametrize("kind", FAMILIES)
def test_entities_are_those_of_each_text_alone(kind: str, load: Load) -> None:
    classifier = load(kind)
    together = predict(classifier, TEXTS)
    alone = [predict(classifier, [text])[0] for text in TEXTS]
    assert [places(each) for each in together] == [places(each) for each in alone]


def places(entities: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(entity["label"], entity["start"], entity["end"]) for entity in entities]


def test_what_the_graph_does_not_have_is_computed_by_torch(load: Load) -> None:
    for classifier in (load("electra"), load("bert", hidden_act="gelu_new")):
        assert isinstance(classifier._engine, TorchEngine)
        assert len(predict(classifier, TEXTS)) == len(TEXTS)


@pytest.mark.parametrize("kind", FAMILIES)
def test_eight_bits_are_near_and_depend_on_nobody_either(kind: str, load: Load) -> None:
    exact, short = load(kind), load(kind, precision="int8")
    given = rows(exact)
    found = short.forward(given)
    assert_close([result for row in given for result in short.forward([row])], found, noise=0)
    likeliest = [np.concatenate(each).argmax(1) for each in (found, exact.forward(given))]
    assert np.mean(likeliest[0] == likeliest[1]) > 0.9
    assert any((one != other).any() for one, other in zip(found, exact.forward(given), strict=True))


@pytest.mark.parametrize("sign", [1, -1])
def test_eight_bits_are_summed_exactly_on_every_cpu(sign: int) -> None:
    """Without VNNI, x86 cuts the sum of two products off at 16 bits; none may reach that."""
    weights = np.array([[64.0, -64.0], [64.0, -64.0], [1.0, 3.0], [50.0, 7.0]], np.float32)
    graph = Graph(int8=True)
    product = graph.linear("x", weights, np.zeros(2, np.float32))
    (quantized,) = [each for each in graph.weights.values() if each.dtype == np.int8]
    assert 2 * 255 * np.abs(quantized.astype(int)).max() <= 2**15 - 1
    inputs: dict[str, tuple[int, list[Any]]] = {"x": (TensorProto.FLOAT, ["tokens", 4])}
    session = session_of(graph.model(inputs, product), graph.weights, threads=1)
    # Their extremes are 255 and 0 of the 8 bits, so that they are themselves what is multiplied.
    activations = np.array([[255, 255, 0, 255], [255, 1, 2, 3]], np.float32) * sign
    (found,) = session.run(None, {"x": activations})
    np.testing.assert_array_equal(found, activations @ weights)


def test_eight_bits_are_refused_where_torch_computes(load: Load) -> None:
    with pytest.raises(LoadError, match="BERTH_CPU_PRECISION=int8"):
        load("electra", precision="int8")


def test_weights_of_another_model_are_refused(saved: Save, tmp_path: Path) -> None:
    from berth_serving.config import Settings

    for file in saved("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = saved("distilbert") / "model.safetensors"
    (tmp_path / "model.safetensors").write_bytes(weights.read_bytes())
    with pytest.raises(LoadError, match=r"has no bert\.embeddings"):
        TokenClassifier(tmp_path, settings=Settings(threads=1))


def test_tags_that_the_weights_do_not_have_are_refused(saved: Save, tmp_path: Path) -> None:
    from berth_serving.config import Settings

    for file in saved("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text().replace('"4": "I-LOC"', '"4": "X", "5": "Y"')
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(LoadError, match="names 6 tags, and the weights have 5"):
        TokenClassifier(tmp_path, settings=Settings(threads=1))


def test_parts_are_of_like_length_and_hold_every_row_once() -> None:
    lengths = [5, 500, 7, 30, 31, 100, 100, 100, 2]
    cut = parts(lengths, most=256)
    assert sorted(index for part in cut for index in part) == list(range(len(lengths)))
    for part in cut:
        longest = max(lengths[index] for index in part)
        assert len(part) == 1 or len(part) * longest <= 256
        assert all(3 * lengths[index] >= longest for index in part)


@pytest.mark.parametrize(
    ("raised", "meaning"),
    [
        ("torch.OutOfMemoryError('CUDA out of memory')", OutOfMemory),
        ('RuntimeError("DefaultCPUAllocator: can\'t allocate memory: 9 bytes")', OutOfMemory),
        ("MemoryError()", OutOfMemory),
        ("RuntimeError('CUDA error: an illegal memory access was encountered')", Broken),
        ("torch.AcceleratorError('the GPU is lost')", Broken),
        ("ValueError('something else')", ValueError),
    ],
)
def test_what_torch_raises_says_what_to_do(
    raised: str, meaning: type[Exception], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    classifier = load("electra")

    def fail(**_: Any) -> None:
        raise eval(raised, {"torch": torch})  # noqa: S307 - of the list above

    monkeypatch.setattr(classifier._engine, "_model", fail)
    with pytest.raises(meaning):
        classifier.forward(rows(classifier, ["a"]))


@pytest.mark.parametrize(
    ("raised", "meaning"),
    [
        (RuntimeError("Failed to allocate memory for requested buffer"), OutOfMemory),
        (MemoryError(), OutOfMemory),
        (RuntimeError("something else"), RuntimeError),
    ],
)
def test_what_onnx_runtime_raises_says_what_to_do(
    raised: Exception, meaning: type[Exception], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def run(self, *_: Any) -> None:
            raise raised

    classifier = load("bert")
    monkeypatch.setattr(classifier._engine, "_session", Failing())
    with pytest.raises(meaning):
        classifier.forward(rows(classifier, ["a"]))
