"""The log: lines of JSON on stdout, which SageMaker sends to CloudWatch Logs."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_fields: ContextVar[dict[str, str]] = ContextVar("request_fields")
"""The fields of every line that is logged for a request."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


_ENCODER = json.JSONEncoder(default=str)  # json.dumps would make one for each line


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time, level, message, the request's fields and `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; a value that JSON cannot hold becomes its text."""
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
    """Send the records of all loggers, and Python's warnings, to the JSON handler."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
