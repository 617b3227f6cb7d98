"""The self-test of a loaded model: it predicts its own example."""

import logging
from traceback import extract_tb

from ..errors import LoadError, RequestError, one_line
from ..servable import Servable, Stream

_log = logging.getLogger("berth_serving.worker")


def prove(model: Servable, *, messages: bool) -> None:
    """Take the model's example through all steps of a request; LoadError if that fails.

    The example may be a text of somebody's: unless `messages`, an exception's own is not repeated.
    """
    if model.example is None:
        _log.warning("the model has no input example: it is ready without a self-test")
        return
    try:
        job = model.open(model.example)
    except RequestError as error:
        # MLflow writes examples that its own server does not read, of some models.
        _log.warning(
            "the model's input example cannot be read (%s): it is ready without a self-test",
            error.message,
        )
        model.example = None
        return
    except Exception as error:
        raise _failed(error, messages=messages) from error
    try:
        response = model.finish(job, model.forward(job.items) if job.items else [])
        if isinstance(response, Stream):
            for _ in response.chunks:
                pass
    except Exception as error:
        raise _failed(error, messages=messages) from error


def _failed(error: Exception, *, messages: bool) -> LoadError:
    cause = error.__cause__ or error  # a PredictionError has the model's error as its cause
    if isinstance(error, RequestError) and (messages or error.__cause__ is None):
        reason = error.message  # the server's own, where it has no cause
    elif messages:
        reason = f"{type(cause).__name__}: {one_line(cause)}"
    else:
        reason = f"{type(cause).__name__}{_place(cause)}"
    return LoadError(f"the model fails on its own input example: {reason}")


def _place(error: BaseException) -> str:
    frames = extract_tb(error.__traceback__)
    return f" in {frames[-1].name}, {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
