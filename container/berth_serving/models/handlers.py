"""Handlers: SageMaker's functions in `code/inference.py`.

They are those of sagemaker-inference-toolkit: `model_fn(model_dir)`, `input_fn(body,
content_type)`, `predict_fn(data, model)`, `output_fn(prediction, accept)`, or `transform_fn(model,
body, content_type, accept)` instead of the last three. A handler that takes one more argument gets
a context. The body is a string if its type is JSON or CSV, and otherwise bytes.
"""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ..config import Settings
from ..errors import LoadError
from ..servable import Session

# The number of arguments without the context.
HANDLERS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}


@dataclass(frozen=True, slots=True)
class Context:
    """The context of a call: the model's folder and, except for model_fn, the request's headers."""

    model_dir: str
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    session: Session | None = None

    @property
    def system_properties(self) -> dict[str, Any]:
        """The properties in multi-model-server's context; a worker sees only one GPU, number 0."""
        return {"model_dir": self.model_dir, "gpu_id": 0}


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler."""

    name: str
    function: Callable[..., Any]
    takes_context: bool

    @classmethod
    def of(cls, name: str, function: Callable[..., Any], where: Path) -> "Handler":
        """Inspect a function; LoadError if it cannot be called as this handler."""
        arguments = [None] * HANDLERS[name]
        if inspect.iscoroutinefunction(function):
            raise LoadError(f"{where}: {name} must not be async")
        for takes_context, given in ((True, [*arguments, None]), (False, arguments)):
            if _takes(function, given):
                return cls(name, function, takes_context)
        raise LoadError(
            f"{where}: {name}{inspect.signature(function)} must take {len(arguments)} arguments, "
            "and perhaps a context after them"
        )

    def __call__(self, *arguments: Any, context: Context) -> Any:
        """Call the function, with the context if it takes one."""
        return self.function(*arguments, *([context] if self.takes_context else []))


def program(settings: Settings) -> Path | None:
    """Find the file of the handlers, if the model has one; LoadError if a set one is missing."""
    given = settings.submit_directory
    if given.startswith("s3://"):
        raise LoadError(
            f"SAGEMAKER_SUBMIT_DIRECTORY={given!r}: nothing is fetched at start; put the code into "
            "the model's own folder, as code/"
        )
    code = Path(given.removeprefix("file://")) if given else settings.model_dir / "code"
    file = code / (settings.program or "inference.py")
    if file.is_file():
        return file
    if settings.program:
        raise LoadError(f"{file}: no such file; SAGEMAKER_PROGRAM names it")
    return None


def import_file(file: Path) -> ModuleType:
    """Import the file of the handlers; LoadError if it cannot be a module here."""
    name = file.stem
    if name in sys.modules:
        raise LoadError(
            f"{file}: the server has a module {name!r} already; give the file another name"
        )
    sys.path.insert(0, str(file.parent))
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise LoadError(f"{file}: must be a Python file, named *.py")
    module = module_from_spec(spec)
    sys.modules[name] = module  # pickles name their classes' module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _takes(function: Callable[..., Any], arguments: list[None]) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    return True
