"""The log: lines of JSON on stdout, which SageMaker sends to CloudWatch Logs."""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

from .pythons import UTC, ExceptionGroups

request_fields: ContextVar[dict[str, str]] = ContextVar("request_fields")
"""The fields of every line that is logged for a request."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


_ENCODER = json.JSONEncoder(default=str)  # json.dumps would make one for each line


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time, level, message, the request's fields and `extra`.

    Args:
        exception_messages: whether a traceback has the messages of its exceptions, which may quote
            a request.
    """

    def __init__(self, *, exception_messages: bool = False) -> None:
        super().__init__()
        self._exception_messages = exception_messages

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; a value that JSON cannot hold becomes its text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **request_fields.get({}),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info and (error := record.exc_info[1]) is not None:
            whole = self._exception_messages
            parts = traceback.format_exception(error) if whole else _without_messages(error)
            line["traceback"] = "".join(parts).rstrip()
        return _ENCODER.encode(line)


def configure(level: int, *, exception_messages: bool = False) -> None:
    """Send the records of all loggers, and Python's warnings, to the JSON handler.

    So are exceptions that nothing catches, which Python itself would print with their messages.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(exception_messages=exception_messages))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _, error, __: _log_uncaught(error)
    sys.unraisablehook = lambda uncaught: _log_uncaught(uncaught.exc_value)
    threading.excepthook = lambda uncaught: _log_uncaught(uncaught.exc_value)


def _log_uncaught(error: BaseException | None) -> None:
    logging.getLogger("serving").error("nothing caught an exception", exc_info=error)


def _without_messages(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """The types and frames of an exception, of those before it and of those in its group."""
    if id(error) in seen:
        return
    seen |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _without_messages(before, seen)
        yield "\nand then:\n\n"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    for each in getattr(error, "exceptions", ()) if isinstance(error, ExceptionGroups) else ():
        yield "\nin this group:\n\n"
        yield from _without_messages(each, seen)
