"""Handlers: SageMaker's functions in `code/inference.py`.

They are those of sagemaker-inference-toolkit: `model_fn(model_dir)`, `input_fn(body,
content_type)`, `predict_fn(data, model)`, `output_fn(prediction, accept)`, or `transform_fn(model,
body, content_type, accept)` instead of the last three. A handler that takes one more argument gets
a context. The body is a string if its type is JSON or CSV, and otherwise bytes. Any of them may be
async, and what they return may be an iterator or an async one: a response in chunks.
"""

import code
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from ..config import Settings
from ..errors import LoadError
from ..pythons import Runner
from ..servable import Request, Session
from . import toolkit

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
    own_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def request_id(self) -> str:
        """The client's inference id, or else one of the server's own."""
        return self.inference_id or self.own_id

    def get_request_id(self, idx: int = 0) -> str:  # noqa: ARG002 - a call is of one request
        """The same, as the toolkits' context has it."""
        return self.request_id

    def get_all_request_header(self, idx: int = 0) -> dict[str, str]:  # noqa: ARG002
        """The headers that reach a model, by their names."""
        request = Request(
            b"", self.content_type, self.accept, self.custom_attributes, self.inference_id
        )
        return headers_of(request)

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A header by its name, in which upper and lower case are the same."""
        lower = {name.lower(): value for name, value in self.get_all_request_header(idx).items()}
        return lower.get(key.lower())

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
        for takes_context, given in ((True, [*arguments, None]), (False, arguments)):
            if _takes(function, given):
                return cls(name, function, takes_context)
        raise LoadError(
            f"{where}: {name}{inspect.signature(function)} must take {len(arguments)} arguments, "
            "and perhaps a context after them"
        )

    def __call__(self, *arguments: Any, context: Context) -> Any:
        """Call the function, with the context if it takes one."""
        return awaited(self.function(*arguments, *([context] if self.takes_context else [])))

    @property
    def yields(self) -> bool:
        """Whether it is a generator."""
        return inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(
            self.function
        )


def headers_of(request: Request) -> dict[str, str]:
    """The headers of a request that reach a model."""
    headers = {
        "Content-Type": request.content_type,
        "Accept": request.accept,
        "X-Amzn-SageMaker-Custom-Attributes": request.custom_attributes,
        "X-Amzn-SageMaker-Inference-Id": request.inference_id,
    }
    return {name: value for name, value in headers.items() if value is not None}


# One for all calls, as clients that a model opens belong to the loop that they were opened in.
_runner = Runner()
_END = object()


def awaited(value: Any) -> Any:
    """Wait for the result of an async function; make an async iterator a plain one."""
    if inspect.isawaitable(value):
        return awaited(_runner.run(_result(value)))
    return _iterated(value) if isinstance(value, AsyncIterator) else value


async def _result(value: Any) -> Any:
    return await value


async def _next(values: AsyncIterator[Any]) -> Any:
    return await anext(values, _END)


def _iterated(values: AsyncIterator[Any]) -> Iterator[Any]:
    try:
        while (value := _runner.run(_next(values))) is not _END:
            yield value
    finally:
        if (close := getattr(values, "aclose", None)) is not None:
            _runner.run(close())


def program(settings: Settings) -> Path | None:
    """Find the file of the handlers, if the model has one; LoadError if a set one is missing.

    Beside an MLmodel it is only the one that is set: MLflow puts modules that a model imports into
    code/, and one of them may be called inference.py.
    """
    given = settings.submit_directory
    if given.startswith("s3://"):
        raise LoadError(
            f"SAGEMAKER_SUBMIT_DIRECTORY={given!r}: nothing is fetched at start; put the code into "
            "the model's own folder, as code/"
        )
    if not settings.program and (settings.model_dir / "MLmodel").exists():
        return None
    code_folder = Path(given.removeprefix("file://")) if given else settings.model_dir / "code"
    file = code_folder / (settings.program or "inference.py")
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
    folder = str(file.parent)
    sys.path.insert(0, folder)
    # So that `from .util import f` finds util.py beside it, and `from code.util import f`, too:
    # `code` is a module of Python's own, which stays as it is.
    spec = spec_from_file_location(name, file, submodule_search_locations=[folder])
    code.__path__ = [folder]
    toolkit.provide()
    if spec is None or spec.loader is None:
        raise LoadError(f"{file}: must be a Python file, named *.py")
    module = module_from_spec(spec)
    sys.modules[name] = module  # pickles name their classes' module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        del sys.modules[name]
        raise LoadError(
            f"{file}: there is no package {error.name!r} here; add it to code/requirements.txt, by "
            "the name that pip knows it by, and build the image again"
        ) from error
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
