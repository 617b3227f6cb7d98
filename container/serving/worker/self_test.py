"""The self-test of a loaded model: it predicts its own example."""

import logging

from ..errors import LoadError, RequestError, one_line
from ..servable import Servable, Stream

_log = logging.getLogger("serving.worker")


def prove(model: Servable) -> None:
    """Take the model's example through all steps of a request; LoadError if that fails."""
    if model.example is None:
        _log.warning("the model has no input example: it is ready without a self-test")
        return
    try:
        job = model.open(model.example)
        response = model.finish(job, model.forward(job.items) if job.items else [])
        if isinstance(response, Stream):
            for _ in response.chunks:
                pass
    except Exception as error:
        cause = error.__cause__ or error  # a PredictionError has the model's error as its cause
        reason = f"{type(cause).__name__}: {one_line(cause)}"
        if isinstance(error, RequestError):
            reason = error.message
        raise LoadError(f"the model fails on its own input example: {reason}") from error
