"""What AWS refuses, or what keeps us from asking it, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's, which is not Python's
    HTTPClientError,
    IncompleteReadError,
)


class AwsError(Exception):
    """Something in AWS is not as a command needs it; the text is one line."""


class AssemblyError(Exception):
    """A cloud assembly or a stored template cannot be used; the text is one line."""


class CallError(AwsError):
    """A call of AWS failed.

    Attributes:
        reason: what AWS or boto3 says, in one line.
        code: AWS's code for what it refused; None where AWS did not refuse, but was not reached.
        status: of the HTTP response that refused it; None where there was none.
        is_unanswered: no whole response came back, as where a connection broke.
    """

    def __init__(self, error: Exception) -> None:
        self.reason = one_line(error)
        super().__init__(f"AWS: {self.reason}")
        response = error.response if isinstance(error, ClientError) else {}
        self.code: str | None = response.get("Error", {}).get("Code")
        self.status: int | None = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        self.is_unanswered = isinstance(
            error, ConnectionError | HTTPClientError | IncompleteReadError
        )

    def is_callers(self) -> bool:
        """Whether AWS refuses the credentials, whatever they ask for.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
        """
        code = self.code or ""
        return (
            self.status in {401, 403}
            or code.startswith("Expired")
            or code == "AccessDeniedException"
        )


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what boto3 raises in the block into a CallError."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise CallError(error) from error


def one_line(said: object) -> str:
    """A text, or the text of an error, without its line breaks."""
    return " ".join(str(said).split())
