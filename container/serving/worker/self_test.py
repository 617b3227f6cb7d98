"""The self-test of a loaded model: it answers its own example."""

import logging

from ..errors import LoadError, RequestError
from ..servable import Servable, Stream

_log = logging.getLogger("serving.worker")


def prove(model: Servable) -> None:
    """Have the model answer its own example, by the steps that any request goes through.

    Raises:
        LoadError: when it does not.
    """
    if model.example is None:
        _log.warning("the model has no input example: ready without having answered one")
        return
    try:
        job = model.open(model.example)
        response = model.finish(job, model.forward(job.items) if job.items else [])
        if isinstance(response, Stream):
            for _ in response.chunks:
                pass
    except Exception as error:
        reason = error.message if isinstance(error, RequestError) else _one_line(error)
        raise LoadError(f"the model fails on its own input example: {reason}") from error


def _one_line(error: Exception) -> str:
    """The reason, which for a PredictionError is its cause."""
    reason = error.__cause__ or error
    return f"{type(reason).__name__}: {' '.join(str(reason).split())[:1000]}"
