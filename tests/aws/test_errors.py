"""AWS's errors in one line."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from aws.errors import CallError, in_one_line


def failed(error: Exception) -> CallError:
    with pytest.raises(CallError) as found, in_one_line():
        raise error
    return found.value


def refusal(code: str, status: int = 400) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "two\nlines"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "InvokeEndpoint")  # type: ignore[arg-type]


def test_a_refusal_is_one_line_with_its_code() -> None:
    error = failed(refusal("ModelError", 424))
    assert "\n" not in str(error)
    assert str(error) == f"AWS: {error.reason}"
    assert error.reason.endswith("InvokeEndpoint operation: two lines")
    assert (error.code, error.status, error.is_unanswered) == ("ModelError", 424, False)


@pytest.mark.parametrize(
    ("code", "status", "is_callers"),
    [
        ("AccessDeniedException", 400, True),
        ("ExpiredTokenException", 400, True),
        ("InvalidClientTokenId", 403, True),
        ("ModelError", 424, False),
    ],
)
def test_whether_the_credentials_are_refused_is_told_by_code_and_status(
    code: str, status: int, is_callers: bool
) -> None:
    assert failed(refusal(code, status)).is_callers() is is_callers


def test_a_connection_that_fails_is_unanswered_and_missing_credentials_are_not() -> None:
    assert failed(EndpointConnectionError(endpoint_url="http://localhost")).is_unanswered
    missing = failed(NoCredentialsError())
    assert (str(missing), missing.code) == ("AWS: Unable to locate credentials", None)
    assert not missing.is_unanswered
