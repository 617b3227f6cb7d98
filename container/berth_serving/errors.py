"""The errors: requests that are refused, and models that cannot be loaded."""

from typing import Any


class LoadError(Exception):
    """The model cannot be served; the message is one line with the reason and the remedy."""


class PredictionError(Exception):
    """The model's own code failed on an input that it should accept; `__cause__` is its error."""


class OutOfMemory(Exception):  # noqa: N818 - a condition, as MemoryError
    """A batch does not fit into memory; a smaller one may."""


class Broken(Exception):  # noqa: N818
    """The process can compute nothing any more, as after the loss of a GPU."""


class RequestError(Exception):
    """A request whose response is an error.

    Args:
        status: the HTTP status.
        code: the kind of error, for programs.
        message: what is wrong and what would be right, for people.
        where: the place of the fault in the body, as `text[3]`.
        headers: further headers of the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        where: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.where = where
        self.headers = headers or {}

    def fields(self) -> dict[str, Any]:
        """The arguments that make this error again in another process."""
        names = ("status", "code", "message", "where", "headers")
        return {name: getattr(self, name) for name in names}


def one_line(error: BaseException, limit: int = 1000) -> str:
    """Return an error's message in one line, or its type if it has none."""
    return " ".join(str(error).split())[:limit] or type(error).__name__


def malformed(message: str, *, where: str | None = None) -> RequestError:
    """400: the body is no valid document of its type."""
    return RequestError(400, "malformed", message, where=where)


def wrong_schema(message: str, *, where: str | None = None) -> RequestError:
    """400: the body is a valid document, but not a valid input of this model."""
    return RequestError(400, "wrong_schema", message, where=where)


def unavailable(code: str, message: str) -> RequestError:
    """503: the client may try again after a second."""
    return RequestError(503, code, message, headers={"Retry-After": "1"})
