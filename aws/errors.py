"""The errors of calls to AWS, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's, which is not Python's
    HTTPClientError,
    IncompleteReadError,
)


class AwsError(Exception):
    """A call of AWS failed, or its result is not what a command needs; the text is one line."""


class AssemblyError(Exception):
    """A cloud assembly or a stored template cannot be used; the text is one line."""


class CallError(AwsError):
    """A call of AWS failed.

    Attributes:
        reason: the message of AWS or boto3, in one line.
        code: AWS's error code; None where AWS was not reached.
        status: of the HTTP response; None where there was none.
        model_status: of the response of a model, where it is that which failed.
        is_unanswered: whether no whole response came, as where a connection broke.
    """

    def __init__(self, error: Exception) -> None:
        self.reason = one_line(error)
        super().__init__(f"AWS: {self.reason}")
        response: Any = error.response if isinstance(error, ClientError) else {}
        self.code: str | None = response.get("Error", {}).get("Code")
        self.status: int | None = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        self.model_status: int | None = response.get("OriginalStatusCode")
        self.is_unanswered = isinstance(
            error, ConnectionError | HTTPClientError | IncompleteReadError
        )

    def is_callers(self) -> bool:
        """Whether AWS refuses the caller's credentials.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
        """
        code = self.code or ""
        is_denied = code == "AccessDeniedException" or code.startswith("Expired")
        return is_denied or self.status in {401, 403}


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what boto3 raises in the block into a CallError."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise CallError(error) from error


def one_line(said: object) -> str:
    """A text, or the message of an error, without line breaks."""
    return " ".join(str(said).split())
