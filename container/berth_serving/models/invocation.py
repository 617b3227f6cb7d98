"""Handlers by the names of AWS's model-hosting-container-standards: one function for a request.

`custom_sagemaker_invocation_handler(request)` in `model.py` of the model's folder, or a function
with the decorator `custom_invocation_handler`, or the one that
CUSTOM_FASTAPI_INVOCATION_HANDLER names:
https://github.com/aws/model-hosting-container-standards (docs/sagemaker/02_customize_handlers.md).
The request is not FastAPI's, but has what a handler reads of it: headers, `body()` and `json()`.
"""

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..config import Settings
from ..errors import LoadError, RequestError
from .handler_model import HandledModel
from .handlers import Context, Handler, awaited, import_file

FUNCTION = "custom_sagemaker_invocation_handler"
_STANDARDS = "model_hosting_container_standards"
_MARK = "_berth_invocation_handler"


class Request:
    """A request, as far as a handler reads it."""

    method = "POST"

    def __init__(self, body: bytes, context: Context) -> None:
        self._body = body
        # Names as FastAPI's are compared: without regard to case.
        found = {name.lower(): value for name, value in context.get_all_request_header().items()}
        self.headers = _Headers(found)

    async def body(self) -> bytes:
        """The bytes of the body."""
        return self._body

    async def json(self) -> Any:
        """The value of a body in JSON; 400 where it is none."""
        try:
            return json.loads(self._body)
        except ValueError:
            raise RequestError(400, "malformed", "the body is not JSON") from None


class _Headers(dict[str, str]):
    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


def load_invocation(settings: Settings) -> HandledModel | None:
    """Load the function of a folder; None where it has none, or an MLmodel and none is set.

    Raises:
        LoadError: where one that is set is missing.
    """
    file_name, _, function_name = settings.invocation_handler.rpartition(":")
    is_set = bool(settings.script_filename or settings.invocation_handler)
    if not is_set and (settings.model_dir / "MLmodel").exists():
        return None
    if file_name in {"", "model"}:  # `model` is the name of the script, whatever its file's
        file_name = settings.script_filename or "model.py"
    file = settings.model_dir / file_name
    if not file.is_file():
        if is_set:
            raise LoadError(f"{file}: no such file, which CUSTOM_… of the environment names")
        return None
    _provide()
    function = _function(import_file(file), function_name)
    if function is None:
        if not is_set:
            return None
        raise LoadError(f"{file}: has no {function_name or FUNCTION}")
    return HandledModel(_handlers(function), file, settings)


def _function(module: ModuleType, name: str) -> Callable[[Request], Any] | None:
    if name:
        return getattr(module, name, None)
    marked = [one for one in vars(module).values() if getattr(one, _MARK, False) is True]
    return marked[0] if marked else getattr(module, FUNCTION, None)


def _handlers(function: Callable[[Request], Any]) -> dict[str, Handler]:
    def transform(_: Any, body: str | bytes, _type: str, _accept: str, context: Context) -> Any:
        content = body.encode() if isinstance(body, str) else body
        return _answer(awaited(function(Request(content, context))))

    return {
        "model_fn": Handler("model_fn", lambda _: None, takes_context=False),
        "transform_fn": Handler("transform_fn", transform, takes_context=True),
    }


def _answer(made: Any) -> Any:
    """What a handler returned: a response of FastAPI, or its content."""
    status = getattr(made, "status_code", None)
    if not isinstance(status, int):
        return made
    if status >= 400:
        said = bytes(getattr(made, "body", b"")).decode(errors="replace")[:1000]
        code = "model_error" if status >= 500 else "wrong_schema"
        raise RequestError(status, code, said)
    content_type = made.headers.get("content-type") or made.media_type
    if hasattr(made, "body_iterator"):
        return awaited(made.body_iterator), content_type
    return made.body, content_type


def _provide() -> None:
    """Have the decorators found, unless the package is installed."""
    if _STANDARDS in sys.modules or find_spec(_STANDARDS) is not None:
        return
    package, sagemaker = ModuleType(_STANDARDS), ModuleType(f"{_STANDARDS}.sagemaker")
    package.__path__ = []

    def mark(function: Any) -> Any:
        setattr(function, _MARK, True)
        return function

    # SageMaker's /ping is the server's own: a handler of it is not called.
    vars(sagemaker).update(custom_invocation_handler=mark, custom_ping_handler=lambda one: one)
    vars(package)["sagemaker"] = sagemaker
    sys.modules |= {_STANDARDS: package, f"{_STANDARDS}.sagemaker": sagemaker}
