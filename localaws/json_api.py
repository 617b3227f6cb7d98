"""AWS's JSON protocols: the header X-Amz-Target names the operation, the body holds its members."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from localaws.scope import Document

Response = tuple[int, dict[str, str], bytes]
"""HTTP status, headers and body."""


class AwsError(Exception):
    """An error as AWS words it.

    code: the exception's name on the wire; message: its text; status: the HTTP status;
    extra: further members that the error's shape has (`ModelError` has three).
    """

    def __init__(self, code: str, message: str, status: int = 400, **extra: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra

    @classmethod
    def validation(cls, message: str) -> "AwsError":
        """A ValidationException, the error for almost every wrong request."""
        return cls("ValidationException", message)


def refuse(wrong: object, message: str) -> None:
    """Raise a ValidationException with that message where something is wrong."""
    if wrong:
        raise AwsError.validation(message)


def operation_of(headers: dict[str, str]) -> str:
    """The operation that a request names; header names are in lower case."""
    return headers.get("x-amz-target", "").rpartition(".")[2]


def respond(operation: Callable[[Document], Document], body: bytes) -> Response:
    """Carry out an operation, and respond in JSON 1.1."""
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    try:
        return 200, headers, encode(operation(parse(body)))
    except AwsError as error:
        headers["x-amzn-errortype"] = error.code
        return error.status, headers, encode({"__type": error.code, "message": error.message})


def parse(body: bytes) -> Document:
    """The JSON object of a request's body; SerializationException where it is none."""
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The body is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "The body is no JSON object.")
    return request


def encode(document: Document) -> bytes:
    """A document as JSON; moments become epoch seconds, as in JSON 1.1."""
    return json.dumps(document, default=_epoch_seconds).encode()


def _epoch_seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} cannot be part of a response")
