"""The self-test of a loaded model: it predicts its own example."""

import json
import logging
from contextlib import suppress
from dataclasses import replace
from traceback import extract_tb
from typing import Any

from ..errors import LoadError, RequestError, one_line
from ..servable import Job, Request, Servable, Stream

_log = logging.getLogger("berth_serving.worker")
_ROWS = ("text", "instances", "inputs", "dataframe_records")


def prove(model: Servable, *, messages: bool) -> Request | None:
    """Take the model's example through all steps of a request; LoadError if that fails.

    The example may be a text of somebody's: unless `messages`, an exception's own is not repeated.
    Returns the example, of its first row alone where the model predicts that: it is asked for
    again and again, and an example may have hundreds of rows.
    """
    if model.example is None:
        _log.warning("the model has no input example: it is ready without a self-test")
        return None
    try:
        job = model.open(model.example)
    except RequestError as error:
        # MLflow writes examples that its own server does not read, of some models.
        _log.warning(
            "the model's input example cannot be read (%s): it is ready without a self-test",
            error.message,
        )
        model.example = None
        return None
    except Exception as error:
        raise _failed(error, messages=messages) from error
    try:
        _finish(model, job)
    except Exception as error:
        raise _failed(error, messages=messages) from error
    if (first := _first_row(model.example)) is not None:
        with suppress(Exception):
            _predict(model, first)
            return first
    return model.example


def _predict(model: Servable, request: Request) -> None:
    _finish(model, model.open(request))


def _finish(model: Servable, job: Job) -> None:
    response = model.finish(job, model.forward(job.items) if job.items else [])
    if isinstance(response, Stream):
        for _ in response.chunks:
            pass


def _first_row(example: Request) -> Request | None:
    """The example cut to its first row; None if it has no rows, or one (MLflow's protocol)."""
    try:
        document = json.loads(example.body)
    except ValueError:
        return None
    cut = _cut(document)
    return None if cut == document else replace(example, body=json.dumps(cut).encode())


def _cut(document: Any) -> Any:
    if isinstance(document, list):
        return document[:1]
    if not isinstance(document, dict):
        return document
    cut = {name: document[name][:1] for name in _ROWS if isinstance(document.get(name), list)}
    if isinstance(table := document.get("dataframe_split"), dict):
        rows = {name: table[name][:1] for name in ("index", "data") if name in table}
        cut["dataframe_split"] = table | rows
    if isinstance(columns := document.get("inputs"), dict):
        cut["inputs"] = {
            name: column[:1] if isinstance(column, list) else column
            for name, column in columns.items()
        }
    return document | cut


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
