"""Converts exceptions of a model's own code to errors of the server."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import Broken, OutOfMemory, PredictionError, RequestError, one_line, wrong_schema

_log = logging.getLogger(__name__)

_NEVER_THE_BODY = (AttributeError, ImportError, NameError, OSError, SystemError)


def of_the_machine(error: Exception) -> Exception | None:
    """Return the server's error for an exception that concerns memory or the GPU.

    Exceptions are recognised by name, as torch is not imported for models that do not use it.
    """
    name, message = type(error).__name__, one_line(error)
    if isinstance(error, MemoryError) or name == "OutOfMemoryError":
        return OutOfMemory(message)
    # After such an error (a kernel's failed assertion, a lost device) all calls on the GPU fail.
    if isinstance(error, RuntimeError) and "CUDA error" in message:
        return Broken("the GPU can compute nothing any more: CUDA error")
    return None


def with_status(error: Exception) -> RequestError | None:
    """Return the error for an exception that has an HTTP status from 400 to 599.

    Its attribute is `status`, or `status_code` as in SageMaker's toolkit and web frameworks.
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

    If it `reads_body`, exceptions are the body's fault, unless they would occur with any body.
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
