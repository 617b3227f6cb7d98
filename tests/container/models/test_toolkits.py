"""Handlers as SageMaker's toolkits call them, and what these have in place of a missing one."""

import json
import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from berth_serving.errors import LoadError, PredictionError, RequestError
from berth_serving.models import frameworks
from berth_serving.servable import Servable
from tests.container.models.conftest import Load
from tests.container.models.requests import ask, chunks, value

pytestmark = pytest.mark.slow

ECHO = "def model_fn(model_dir): return lambda data: data\n"


def answered(model: Servable, body: object, content_type: str | None = None) -> Any:
    return value(ask(model, body, content_type, accept="application/json"))


def test_the_context_has_the_headers_of_the_request(load_files: Load) -> None:
    code = (
        ECHO
        + """
def predict_fn(data, model, context):
    asked = [context.get_request_header(0, name) for name in ("content-TYPE", "Nothing")]
    return [*asked, context.get_all_request_header(0), context.request_id, context.get_request_id()]
"""
    )
    model = load_files({"code/inference.py": code})
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Amzn-SageMaker-Custom-Attributes": "c",
        "X-Amzn-SageMaker-Inference-Id": "i",
    }
    request: dict[str, Any] = {"custom_attributes": "c", "inference_id": "i"}
    answer = value(ask(model, {}, accept="application/json", **request))
    assert answer == ["application/json", None, headers, "i", "i"]
    *_, first, again = answered(model, {})
    assert first == again != answered(model, {})[-1]


def test_functions_may_be_async(load_files: Load) -> None:
    code = """
import asyncio
async def model_fn(model_dir): return asyncio.get_running_loop()
async def input_fn(body, content_type): return body
async def predict_fn(data, model):
    await asyncio.sleep(0)
    return [data, asyncio.get_running_loop() is model]
async def output_fn(prediction, accept): return str(prediction)
"""
    assert ask(load_files({"code/inference.py": code}), b"1").body == b"['1', True]"


def test_async_generators_are_streamed(load_files: Load) -> None:
    code = (
        ECHO
        + """
async def predict_fn(data, model):
    for item in data: yield item
"""
    )
    model = load_files({"code/inference.py": code})
    assert chunks(ask(model, ["a", "b"])) == [b"a", b"b"]
    with pytest.raises(PredictionError, match="TypeError in its stream"):
        ask(model, 5)


@pytest.mark.parametrize("line", ["from .helper import load", "from code.helper import load"])
def test_what_lies_beside_is_imported_by_the_names_of_a_package(
    load_files: Load, line: str
) -> None:
    files = {
        "code/inference.py": f"{line}\ndef model_fn(model_dir): return load\n",
        "code/helper.py": "def load(data): return 'helped'\n",
    }
    assert answered(load_files(files), {}) == "helped"
    import code

    assert code.InteractiveConsole.__module__ == "code"


def test_a_package_that_is_missing_is_named_with_the_cure(load_files: Load) -> None:
    with pytest.raises(LoadError, match=r"'no_such_package' here; add it to code/requirements.txt"):
        load_files({"code/inference.py": "import no_such_package.part"})


TORCH = """
import torch
def model_fn(model_dir):
    model = torch.nn.Linear(2, 1)
    torch.nn.init.ones_(model.weight), torch.nn.init.zeros_(model.bias)
    return torch.nn.Sequential(model, torch.nn.Dropout(0.9))
"""


def test_a_module_of_torch_is_called_with_a_tensor(load_files: Load) -> None:
    model, stream = load_files({"code/inference.py": TORCH}), BytesIO()
    np.save(stream, np.array([[1, 2]], dtype=np.float32))
    assert answered(model, [[1, 2], [3, 4]]) == [[3.0], [7.0]]
    assert answered(model, b"1,2\n", "text/csv") == [[3.0]]
    assert answered(model, stream.getvalue(), "application/x-npy") == [[3.0]]
    with pytest.raises(RequestError, match="must be an array of numbers"):
        ask(model, {"inputs": "a"})


def test_a_predict_fn_beside_it_gets_the_tensor_or_the_document(load_files: Load) -> None:
    code = TORCH + "def predict_fn(data, model): return type(data).__name__\n"
    model = load_files({"code/inference.py": code})
    assert [answered(model, body) for body in ([1, 2], {"a": 1}, ["a"])] == [
        *("Tensor", "dict", "list")
    ]


def test_an_estimator_of_scikit_learn_gets_an_array(
    load_files: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frameworks, "is_sklearn", lambda model: hasattr(model, "fit"))
    code = """
class Estimator:
    fit = None
    def predict(self, data): return [type(data).__name__, str(getattr(data, "dtype", "")), data]
def model_fn(model_dir): return Estimator()
"""
    model = load_files({"code/inference.py": code})
    assert answered(model, [1, 2]) == ["ndarray", "float32", [[1.0, 2.0]]]
    assert answered(model, b"1,2\n3,4\n", "text/csv")[2] == [[1.0, 2.0], [3.0, 4.0]]
    assert answered(model, ["a text"]) == ["list", "", ["a text"]]


TOOLKIT = """
import sagemaker_inference
from sagemaker_inference import content_types, decoder, encoder, errors
def model_fn(model_dir): return 1
def input_fn(body, content_type):
    return decoder.decode(body, content_type)
def predict_fn(data, model):
    if data.shape == (0,): raise errors.GenericInferenceToolkitError(422, "nothing in it")
    return data + model
def output_fn(prediction, accept): return encoder.encode(prediction, accept)
"""


def test_the_toolkits_own_functions_are_there(
    load_files: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("sagemaker_inference")]:
        monkeypatch.delitem(sys.modules, name)
    model = load_files({"code/inference.py": TOOLKIT})
    assert ask(model, b"1,2", "text/csv", accept="text/csv").body == b"2.0\n3.0\n"
    assert json.loads(ask(model, b"[[1]]", accept="application/json").body) == [[2]]
    array = ask(model, b"[[1]]", accept="application/x-npy")
    assert np.load(BytesIO(array.body)).tolist() == [[2]]
    for content_type, status in (("application/json", 422), ("image/png", 415)):
        with pytest.raises(RequestError) as refusal:
            ask(model, b"[]", content_type)
        assert refusal.value.status == status
