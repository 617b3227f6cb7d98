"""The log: JSON, a line each, on stdout, where SageMaker collects it for CloudWatch."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_fields: ContextVar[dict[str, str]] = ContextVar("request_fields")
"""What every line logged on behalf of a request carries; the inference thread sees it too."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


_ENCODER = json.JSONEncoder(default=str)  # json.dumps would make one for each line


class JsonFormatter(logging.Formatter):
    """One JSON object a record: time, level, message, the request's fields and any `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record; a value that JSON cannot hold is rendered as its text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **request_fields.get({}),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _ENCODER.encode(line)


def configure(level: int) -> None:
    """Send every logger's records, and Python's warnings, through the one JSON handler."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
