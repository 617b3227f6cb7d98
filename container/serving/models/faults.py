"""Turns exceptions of a model's own code into errors of the server."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Broken, OutOfMemory, PredictionError, RequestError, wrong_schema

_log = logging.getLogger(__name__)

_NEVER_THE_BODY = (ImportError, NameError, OSError, SystemError)


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, or its type where it has none."""
    return " ".join(str(error).split())[:1000] or type(error).__name__


def of_the_machine(error: Exception) -> Exception | None:
    """Tell what concerns memory or the GPU from what concerns the request.

    Recognised by name, as torch is not imported for models that do not use it.
    """
    name, message = type(error).__name__, one_line(error)
    if isinstance(error, MemoryError) or name == "OutOfMemoryError":
        return OutOfMemory(message)
    # After such a one (a kernel's failed assertion, a lost device) every call on the GPU fails.
    if isinstance(error, RuntimeError) and "CUDA error" in message:
        return Broken(f"the GPU can compute nothing any more: {message}")
    return None


def with_status(error: Exception) -> RequestError | None:
    """Make the error for an exception that has an HTTP status of its own.

    That is an integer from 400 to 599 at `status`, or, as the exceptions of SageMaker's toolkit
    and of web frameworks have it, at `status_code`.
    """
    for name in ("status", "status_code"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status <= 599:
            code = "model_error" if status >= 500 else "wrong_schema"
            return RequestError(status, code, one_line(error))
    return None


@contextmanager
def stage(name: str, *, reads_body: bool = False) -> Iterator[None]:
    """Run a part of a model's own code; an exception becomes an error of the server.

    Args:
        name: of the part, for messages.
        reads_body: whether the body is to blame for what fails, unless it would with any body.

    Raises:
        RequestError: for an exception that says so itself, or is over the body.
        OutOfMemory, Broken, PredictionError: for the rest.
    """
    try:
        yield
    except (RequestError, PredictionError, OutOfMemory, Broken):
        raise
    except Exception as error:
        if (known := of_the_machine(error) or with_status(error)) is not None:
            raise known from error
        if reads_body and not isinstance(error, _NEVER_THE_BODY):
            _log.warning("%s refuses a body", name, exc_info=error)
            raise wrong_schema(f"the model's {name} refuses it: {one_line(error)}") from error
        raise PredictionError(f"{type(error).__name__} in {name}") from error
