import json
import logging
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from berth_serving.errors import Broken, LoadError, OutOfMemory, PredictionError, RequestError
from berth_serving.models import defaults
from berth_serving.servable import Request, Response, Servable, Session, Stream
from tests.container.folders import save_model
from tests.container.models.conftest import Load
from tests.container.models.requests import UpperEngine, ask, chunks, value

pytestmark = pytest.mark.slow

ALL = """
import json
def model_fn(model_dir): return {"dir": model_dir}
def input_fn(body, content_type): return [body, content_type]
def predict_fn(data, model): return [*data, sorted(model)]
def output_fn(prediction, accept): return json.dumps([*prediction, accept])
"""
ECHO = "def model_fn(model_dir): return lambda data: data\n"


@pytest.fixture
def handlers(load_files: Load) -> Load:
    """Load a model of this code."""

    def handlers(code: str, **settings: Any) -> Servable:
        return load_files({"code/inference.py": code}, **settings)

    return handlers


def echoed(model: Servable, body: object, content_type: str | None = None) -> Any:
    return value(ask(model, body, content_type, accept="application/json"))


# The contract of the functions


def test_each_gets_what_the_one_before_made(handlers: Load) -> None:
    model = handlers(ALL)
    answer = ask(model, b"{}", "application/json", accept="text/x-lines")
    assert json.loads(answer.body) == ["{}", "application/json", ["dir"], "text/x-lines"]
    assert answer.content_type == "text/x-lines"
    assert not model.mixes


@pytest.mark.parametrize(
    ("body", "content_type", "given"),
    [
        (b"{}", None, ["{}", "application/json"]),
        (b"{}", "application/json; charset=utf-8", ["{}", "application/json"]),
        ("é,1".encode(), "Text/CSV", ["é,1", "text/csv"]),
    ],
)
def test_json_and_csv_come_as_strings(
    handlers: Load, body: bytes, content_type: str | None, given: list[str]
) -> None:
    assert json.loads(ask(handlers(ALL), body, content_type).body)[:2] == given


def test_anything_else_comes_as_bytes(handlers: Load) -> None:
    code = ALL.replace("[body, content_type]", "[body.hex(), content_type]")
    answer = ask(handlers(code), b"\xff\0", "image/png; q=a")
    assert json.loads(answer.body)[:2] == ["ff00", "image/png; q=a"]


@pytest.mark.parametrize("accept", [None, "", "*/*"])
def test_an_open_accept_is_what_the_settings_say(handlers: Load, accept: str | None) -> None:
    answer = ask(handlers(ALL, default_accept="text/x-own"), b"{}", accept=accept)
    assert json.loads(answer.body)[3] == "text/x-own"
    assert answer.content_type == "text/x-own"


@pytest.mark.parametrize(
    ("returned", "body", "content_type"),
    [
        ("'é'", "é".encode(), "application/json"),
        ("b'x', 'image/png'", b"x", "image/png"),
        ("bytearray(b'x'), 'image/png'", b"x", "image/png"),
        ("{'a': float('nan')}", b'{"a":null}', "application/json"),
    ],
)
def test_what_output_fn_may_return(
    handlers: Load, returned: str, body: bytes, content_type: str
) -> None:
    model = handlers(ALL.replace("json.dumps([*prediction, accept])", returned))
    assert ask(model, b"{}") == Response(body, content_type)


def test_an_output_fn_that_forgets_to_return_is_at_fault(handlers: Load) -> None:
    with pytest.raises(PredictionError, match="None instead of a response"):
        ask(handlers(ALL.replace("return json.dumps", "json.dumps")), b"{}")


@pytest.mark.parametrize("returned", ["'text/plain\\r\\nx: y'", "5", "'tëxt/plain'"])
def test_a_content_type_that_is_none_is_output_fns_fault(handlers: Load, returned: str) -> None:
    model = handlers(ALL.replace("json.dumps([*prediction, accept])", f"b'x', {returned}"))
    with pytest.raises(PredictionError, match="as the content type"):
        ask(model, b"{}")


def test_transform_fn_does_it_all(handlers: Load) -> None:
    code = """
def model_fn(model_dir): return "model"
def transform_fn(model, body, content_type, accept): return f"{model} {body} {content_type}", accept
"""
    answer = ask(handlers(code), b"{}", accept="text/plain")
    assert (answer.body, answer.content_type) == (b"model {} application/json", "text/plain")


CONTEXT = """
import json
def model_fn(model_dir, context):
    return [context.model_dir == model_dir, context.system_properties["gpu_id"], context.session]
def input_fn(body, content_type, ctx=None): return [ctx.inference_id, ctx.content_type]
def predict_fn(data, model, *more): return [*model, *data, more[0].custom_attributes]
def output_fn(prediction, accept, context):
    context.session.data["count"] = context.session.data.get("count", 0) + 1
    context.session.closed = context.session.data["count"] == 2
    return json.dumps([*prediction, context.accept, context.session.data["count"]])
"""


def test_each_gets_a_context_where_it_has_room_for_one(handlers: Load) -> None:
    model, session = handlers(CONTEXT), Session("a")
    request: dict[str, Any] = {"custom_attributes": "c", "inference_id": "i", "session": session}
    first = json.loads(ask(model, b"{}", accept="a/b", **request).body)
    assert first == [True, 0, None, "i", "application/json", "c", "a/b", 1]
    assert not session.closed
    assert json.loads(ask(model, b"{}", **request).body)[-1] == 2
    assert session.closed


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def model_fn(): pass", r"model_fn\(\) must take 1 arguments, and perhaps a context"),
        (ALL + "def predict_fn(a, b, c, d): pass", r"predict_fn\(a, b, c, d\) must take 2"),
        (ALL + "def transform_fn(a, b, c, d): pass", "replaces input_fn, output_fn, pre"),
        ("def something(): pass", "defines none of model_fn, input_fn, predict_fn"),
        ("def predict_fn(data, model): pass", "no model_fn, and .* holds neither an MLflow"),
        ("def model_fn(model_dir): return 5", "no predict_fn, and what model_fn returned has no"),
    ],
)
def test_handlers_that_cannot_work_are_refused_when_they_are_loaded(
    handlers: Load, code: str, reason: str
) -> None:
    with pytest.raises(LoadError, match=reason) as refusal:
        handlers(code)
    assert len(str(refusal.value).splitlines()) == 1


# Where they are looked for


def test_the_code_may_import_what_lies_beside_it_before_all_else(
    load_files: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    files = {
        "code/inference.py": "import helper\ndef model_fn(model_dir): return helper.load\n",
        "code/helper.py": "def load(data): return 'helped'\n",
        "elsewhere/helper.py": "",
    }
    assert echoed(load_files(files), {}) == "helped"


def test_several_models_may_lie_in_one_folder(load_files: Load) -> None:
    code = """
from pathlib import Path
def model_fn(model_dir):
    return {path.stem: path.read_text() for path in Path(model_dir).glob("*.txt")}
def predict_fn(data, models): return {name: model + data["text"] for name, model in models.items()}
"""
    files = {"code/inference.py": code, "one.txt": "1", "two.txt": "2"}
    assert echoed(load_files(files), {"text": "a"}) == {"one": "1a", "two": "2a"}


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_the_settings_may_say_where_and_what(load_files: Load, tmp_path: Path, prefix: str) -> None:
    files = {"code/inference.py": "1 / 0", "elsewhere/other_program.py": ECHO}
    settings = {"program": "other_program.py", "submit_directory": f"{prefix}{tmp_path}/elsewhere"}
    assert echoed(load_files(files, **settings), {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"program": "missing.py"}, r"code/missing\.py: no such file; SAGEMAKER_PROGRAM names it"),
        ({"submit_directory": "s3://bucket/code.tar.gz"}, "nothing is fetched at start"),
        ({"program": "helper.txt"}, r"must be a Python file, named \*\.py"),
        ({"program": "json.py"}, "the server has a module 'json' already"),
    ],
)
def test_code_that_is_not_where_it_is_said_to_be_is_refused(
    load_files: Load, settings: dict[str, str], reason: str
) -> None:
    files = {"code/inference.py": ALL, "code/helper.txt": ALL, "code/json.py": ALL}
    with pytest.raises(LoadError, match=reason):
        load_files(files, **settings)


# Defaults


@pytest.mark.parametrize(
    ("body", "content_type", "read"),
    [
        (b'{"a": [1]}', None, {"a": [1]}),
        (b"1\n[2]\n", "application/jsonlines", [1, [2]]),
        (b"1,2\n3,4.5\n", "text/csv", [[1.0, 2.0], [3.0, 4.5]]),
        (b"a,2\n", "text/csv", [["a", "2"]]),
        (b"1,2\n3\n", "text/csv", [["1", "2"], ["3"]]),
        (b"", "text/csv", []),
        (pd.DataFrame({"a": [1]}).to_parquet(), "application/x-parquet", [{"a": 1}]),
    ],
)
def test_without_input_fn_a_body_is_read_as_what_it_is(
    handlers: Load, body: bytes, content_type: str | None, read: Any
) -> None:
    assert echoed(handlers(ECHO), body, content_type) == read


def test_without_input_fn_an_array_is_one(handlers: Load) -> None:
    stream = BytesIO()
    np.save(stream, np.array([[1.5]]))
    code = "def model_fn(model_dir): return lambda data: [type(data).__name__, data]\n"
    answer = echoed(handlers(code), stream.getvalue(), "application/x-npy")
    assert answer == ["ndarray", [[1.5]]]


@pytest.mark.parametrize("bad", [b"{", b"\xff"])
def test_without_input_fn_a_malformed_body_is_refused_as_anywhere(
    handlers: Load, bad: bytes
) -> None:
    with pytest.raises(RequestError) as refusal:
        handlers(ECHO).open(Request(bad))
    assert refusal.value.code == "malformed"
    with pytest.raises(RequestError) as refusal:
        handlers(ECHO).open(Request(bad, "image/png"))
    assert refusal.value.status == 415


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        ("type('M', (), {'predict': lambda self, data: ['predicted', data]})()", "predicted"),
        ("lambda data: ['called', data]", "called"),
    ],
)
def test_without_predict_fn_the_model_predicts_or_is_called(
    handlers: Load, model: str, answer: str
) -> None:
    code = f"def model_fn(model_dir): return {model}\n"
    assert echoed(handlers(code), [1]) == [answer, [1]]


def test_a_model_that_is_called_gets_inputs_and_parameters_as_a_pipeline_does(
    handlers: Load,
) -> None:
    model = handlers("def model_fn(model_dir): return lambda data, top=1: [data, top]\n")
    assert echoed(model, {"inputs": "a", "parameters": {"top": 3}}) == ["a", 3]
    assert echoed(model, {"inputs": "a"}) == ["a", 1]
    assert echoed(model, {"text": ["a"]}) == [["a"], 1]
    assert echoed(model, {"a": 1}) == [{"a": 1}, 1]


def test_without_output_fn_the_answer_is_in_the_type_asked_for(handlers: Load) -> None:
    model = handlers(ECHO)
    assert ask(model, [[1, 2], [3, 4]], accept="text/csv").body == b"1,2\n3,4\n"
    assert ask(model, b"1\n2\n", "application/jsonlines").body == b"1\n2\n"
    with pytest.raises(RequestError) as refusal:
        model.open(Request(b"[]", accept="image/png"))
    assert refusal.value.status == 406


def test_without_output_fn_the_settings_must_name_a_type_that_can_be_made(handlers: Load) -> None:
    with pytest.raises(LoadError, match="SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT='image/png'"):
        handlers(ECHO, default_accept="image/png")


def test_without_model_fn_an_mlflow_model_is_loaded(tmp_path: Path, load_files: Load) -> None:
    save_model(tmp_path, "spans.py")
    code = "def output_fn(prediction, accept): return [len(spans) for spans in prediction]\n"
    model = load_files({"code/inference.py": code}, program="inference.py")
    assert echoed(model, {"text": ["Anna", "nobody"]}) == [1, 0]
    assert echoed(model, {"text": []}) == []


def test_predict_fn_gets_the_mlflow_model_and_what_it_takes(
    tmp_path: Path, load_files: Load
) -> None:
    save_model(tmp_path, "spans.py")
    code = "def predict_fn(data, model): return [list(data.columns), len(model.predict(data))]\n"
    model = load_files({"code/inference.py": code}, program="inference.py")
    assert echoed(model, {"text": ["Anna", "nobody"]}) == [["text"], 2]


def test_code_beside_an_mlflow_model_is_the_models_own(tmp_path: Path, load_files: Load) -> None:
    save_model(tmp_path, "spans.py")
    model = load_files({"code/inference.py": "def predict_fn(data, model): 1 / 0\n"})
    assert value(ask(model, {"text": ["nobody"]})) == {"predictions": [[]]}


def test_without_model_fn_a_classifier_is_loaded(
    load_files: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "engine_of", lambda *_: UpperEngine())
    code = "def output_fn(prediction, accept): return {'found': prediction}\n"
    model = load_files({"code/inference.py": code, "config.json": "{}"})
    assert echoed(model, b"anna\nb\n", "text/csv") == {"found": ["ANNA", "B"]}


def test_its_predict_fn_may_call_it(load_files: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "engine_of", lambda *_: UpperEngine())
    code = "def predict_fn(data, model): return model(data) + model('c')\n"
    model = load_files({"code/inference.py": code, "config.json": "{}"})
    assert echoed(model, {"text": ["a"]}) == ["A", "C"]


# Streams


def test_what_predict_fn_yields_is_streamed(handlers: Load) -> None:
    code = ECHO + "def predict_fn(data, model):\n    for item in data: yield item\n"
    answer = ask(handlers(code), ["a", "é"])
    assert answer.content_type == "text/plain; charset=utf-8"
    assert chunks(answer) == [b"a", "é".encode()]
    answer = ask(handlers(code), ["a"], accept="text/event-stream")
    assert answer.content_type == "text/event-stream"
    answer = ask(handlers(code), [{"a": 1}, [2]])
    assert (answer.content_type, chunks(answer)) == (
        "application/jsonlines",
        [b'{"a":1}\n', b"[2]\n"],
    )
    assert chunks(ask(handlers(code), [])) == []


@pytest.mark.parametrize(
    "code",
    [
        ECHO + "def output_fn(prediction, accept):\n    yield b'a'\n    yield 'b'\n",
        ECHO + "def output_fn(prediction, accept): return iter([b'a', 'b'])\n",
        ECHO + "def output_fn(prediction, accept): return iter([b'a', 'b']), 'text/x-own'\n",
        ECHO + "def transform_fn(m, b, c, accept):\n    yield b'a'\n    yield 'b'\n",
    ],
)
def test_what_a_handler_of_the_answer_yields_is_too(handlers: Load, code: str) -> None:
    answer = ask(handlers(code), [], accept="text/x-own")
    assert answer.content_type == "text/x-own"
    assert chunks(answer) == [b"a", b"b"]


def test_a_stream_is_computed_chunk_by_chunk(handlers: Load) -> None:
    code = """
made = []
def model_fn(model_dir): return made
def predict_fn(data, model):
    for number in range(3):
        made.append(number)
        yield str(number)
"""
    model = handlers(code)
    answer = ask(model, [])
    made = model._rest.model  # type: ignore[attr-defined]
    assert isinstance(answer, Stream)
    assert (made, next(answer.chunks), made) == ([0], b"0", [0])
    assert next(answer.chunks) == b"1"
    assert made == [0, 1]


def test_a_stream_that_fails_at_once_still_has_a_status(handlers: Load) -> None:
    code = ECHO + "def predict_fn(data, model):\n    yield data['missing']\n"
    with pytest.raises(PredictionError, match="KeyError in its stream"):
        ask(handlers(code), {})


# Faults

RAISING = """
import json
class Refused(Exception):
    status_code = 422
class Busy(Exception):
    status = 503
class OutOfMemoryError(RuntimeError): pass
def model_fn(model_dir): pass
def raised(name): raise {"Refused": Refused, "Busy": Busy, "OutOfMemoryError": OutOfMemoryError,
    "Exception": Exception}.get(name) or getattr(__builtins__, name, None) or __builtins__[name]
def input_fn(body, content_type):
    raise_, name = json.loads(body)
    if raise_ == "input_fn": raised(name)
    return raise_, name
def predict_fn(data, model):
    if data[0] == "predict_fn": raised(data[1])
    return data
def output_fn(prediction, accept): raised(prediction[1])
"""


def fault(handlers: Load, where: str, name: str) -> Exception:
    with pytest.raises((RequestError, PredictionError, OutOfMemory, Broken)) as caught:
        ask(handlers(RAISING), [where, name])
    return caught.value


@pytest.mark.parametrize("name", ["ValueError", "KeyError", "TypeError", "Exception"])
def test_what_input_fn_raises_over_a_body_is_the_clients_fault(
    handlers: Load, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        error = fault(handlers, "input_fn", name)
    assert isinstance(error, RequestError)
    assert (error.status, error.code) == (400, "wrong_schema")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("name", ["AttributeError", "ImportError", "NameError", "OSError"])
def test_what_it_would_raise_over_any_body_is_the_models(handlers: Load, name: str) -> None:
    error = fault(handlers, "input_fn", name)
    assert isinstance(error, PredictionError)
    assert str(error) == f"{name} in input_fn"


@pytest.mark.parametrize("where", ["predict_fn", "output_fn"])
def test_what_the_others_raise_is_the_models_fault(handlers: Load, where: str) -> None:
    error = fault(handlers, where, "ValueError")
    assert isinstance(error, PredictionError)
    assert str(error) == f"ValueError in {where}"


@pytest.mark.parametrize("where", ["input_fn", "predict_fn", "output_fn"])
def test_an_exception_may_bring_its_own_status(handlers: Load, where: str) -> None:
    refused, busy = fault(handlers, where, "Refused"), fault(handlers, where, "Busy")
    assert isinstance(refused, RequestError)
    assert isinstance(busy, RequestError)
    assert (refused.status, busy.status) == (422, 503)


def test_memory_that_runs_out_is_told_apart(handlers: Load) -> None:
    for name in ("MemoryError", "OutOfMemoryError"):
        assert isinstance(fault(handlers, "predict_fn", name), OutOfMemory)
