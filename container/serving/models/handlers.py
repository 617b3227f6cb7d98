"""Handlers: `code/inference.py` with SageMaker's functions, those missing made up for.

As sagemaker-inference-toolkit has it: `model_fn(model_dir)`, `input_fn(body, content_type)`,
`predict_fn(data, model)`, `output_fn(prediction, accept)`, or `transform_fn(model, body,
content_type, accept)` in place of the last three; each is given a context too, where it has room
for one more argument. The body is a string where its type is JSON or CSV, and else bytes.
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

# How many arguments each takes, the context not counted.
HANDLERS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may ask of a request beyond its body; of none, where the model is loaded."""

    model_dir: str
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    session: Session | None = None

    @property
    def system_properties(self) -> dict[str, Any]:
        """Return what multi-model-server calls so; a worker sees one GPU at most, number 0."""
        return {"model_dir": self.model_dir, "gpu_id": 0}


@dataclass(frozen=True, slots=True)
class Handler:
    """One of the functions."""

    name: str
    function: Callable[..., Any]
    takes_context: bool

    @classmethod
    def of(cls, name: str, function: Callable[..., Any], where: Path) -> "Handler":
        """Look at what a function takes.

        Raises:
            LoadError: when it cannot be called as its name says.
        """
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
        """Call the function, with the context where it takes one."""
        return self.function(*arguments, *([context] if self.takes_context else []))


def program(settings: Settings) -> Path | None:
    """Find the file of the handlers; None where the model has none.

    Raises:
        LoadError: when the settings name one that is not there.
    """
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
    """Import the handlers' file. Raises LoadError where that cannot be a module here."""
    name = file.stem
    if name in sys.modules:
        raise LoadError(f"{file}: the server has a module {name!r} already; call it otherwise")
    sys.path.insert(0, str(file.parent))
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise LoadError(f"{file}: must be a file of Python, called *.py")
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
