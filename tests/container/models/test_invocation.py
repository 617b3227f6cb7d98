"""Handlers by the names of AWS's model-hosting-container-standards."""

import sys
from pathlib import Path
from typing import Any

import pytest

from berth_serving.errors import LoadError, RequestError
from tests.container.folders import save_model
from tests.container.models.conftest import Load
from tests.container.models.requests import ask, chunks, value

pytestmark = pytest.mark.slow

NAMED = """
async def custom_sagemaker_invocation_handler(request):
    return {"sum": sum(await request.json()), "type": request.headers["Content-Type"]}
"""
DECORATED = """
import model_hosting_container_standards.sagemaker as sagemaker_standards
@sagemaker_standards.custom_ping_handler
async def health(request): 1 / 0
@sagemaker_standards.custom_invocation_handler
def mine(request): return {"mine": request.headers.get("Accept")}
"""
RESPONDING = """
from fastapi import HTTPException, Response
from fastapi.responses import StreamingResponse
async def parts():
    yield "a"
    yield "b"
async def custom_sagemaker_invocation_handler(request):
    match await request.json():
        case "whole": return Response(content=b"x", media_type="image/png")
        case "parts": return StreamingResponse(parts(), media_type="text/event-stream")
        case "refused": return Response(content="no", status_code=422)
    raise HTTPException(status_code=409, detail="busy")
"""


def test_the_named_function_answers(load_files: Load) -> None:
    model = load_files({"model.py": NAMED})
    assert value(ask(model, [1, 2], "application/json")) == {"sum": 3, "type": "application/json"}
    with pytest.raises(RequestError) as refusal:
        ask(model, b"{")
    assert refusal.value.code == "malformed"


def test_a_decorated_one_does_without_the_package(load_files: Load) -> None:
    model = load_files({"model.py": DECORATED})
    assert value(ask(model, [], accept="application/json")) == {"mine": "application/json"}
    for name in [name for name in sys.modules if name.startswith("model_hosting")]:
        del sys.modules[name]


def test_a_response_of_fastapi_is_one(load_files: Load) -> None:
    model = load_files({"model.py": RESPONDING})
    whole, parts = ask(model, "whole"), ask(model, "parts")
    assert (whole.body, whole.content_type) == (b"x", "image/png")
    assert (chunks(parts), parts.content_type[:17]) == ([b"a", b"b"], "text/event-stream")
    for body, status in (("refused", 422), ("raise", 409)):
        with pytest.raises(RequestError) as refusal:
            ask(model, body)
        assert refusal.value.status == status


@pytest.mark.parametrize(
    "settings",
    [
        {"script_filename": "other_program.py", "invocation_handler": "model:mine"},
        {"invocation_handler": "other_program.py:mine"},
    ],
)
def test_the_environment_names_file_and_function(load_files: Load, settings: Any) -> None:
    files = {"other_program.py": "def mine(request): return [1]\n", "model.py": "1 / 0"}
    assert value(ask(load_files(files, **settings), [])) == [1]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"script_filename": "missing.py"}, "missing.py: no such file"),
        ({"invocation_handler": "model:nothing"}, "has no nothing"),
    ],
)
def test_what_is_set_has_to_be_there(load_files: Load, settings: Any, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        load_files({"model.py": NAMED}, **settings)


def test_a_model_py_beside_an_mlmodel_is_the_models_own(tmp_path: Path, load_files: Load) -> None:
    save_model(tmp_path, "spans.py")
    model = load_files({"model.py": NAMED})
    assert value(ask(model, {"text": ["nobody"]})) == {"predictions": [[]]}
