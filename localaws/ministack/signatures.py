"""A request's signature, verified by MiniStack's own SigV4, and refusals in a service's protocol.

MiniStack verifies signatures where it evaluates IAM, and never those of an account's root user, as
which every profile works here.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_evaluator, responses, router, sigv4

from localaws.json_api import Response
from localaws.scope import Document

_ALGORITHM = "AWS4-HMAC-SHA256"
_SHA256 = re.compile(r"[0-9a-f]{64}")

Failure = tuple[str, str]
"""AWS's code of an error, and its message."""

MISSING: Failure = ("MissingAuthenticationToken", "Request is missing Authentication Token")


@dataclass(frozen=True)
class Request:
    """A request as it was sent; header names in lower case, repeated ones joined by a comma."""

    method: str
    path: str
    raw_path: str
    query_string: str
    headers: dict[str, str]

    @property
    def query(self) -> Document:
        """The query's values by their names."""
        return parse_qs(self.query_string, keep_blank_values=True)

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature at all, in the header or in the URL."""
        return _in_header(self) or _first(self.query, "X-Amz-Algorithm") == _ALGORITHM


def failure(request: Request, body: bytes) -> Failure | None:
    """Why a signed request is refused; None where its signature is that of a known secret."""
    presigned, query = not _in_header(request), request.query
    parse = sigv4.parse_query_signature if presigned else sigv4.parse_header_signature
    found: Any = parse(query if presigned else request.headers)
    if isinstance(found, tuple):
        return found
    late = _expired(found, query) if presigned else sigv4.request_time_failure(found)
    if late:
        return _pair(late)
    token = _first(query, "X-Amz-Security-Token") if presigned else None
    secret = _secret(found.access_key_id, token or request.headers.get("x-amz-security-token", ""))
    if isinstance(secret, tuple):
        return secret
    claimed = request.headers.get("x-amz-content-sha256", "")
    if _SHA256.fullmatch(claimed) and claimed != hashlib.sha256(body).hexdigest():
        return (
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    return _pair(
        sigv4.header_signature_failure(
            *(found, secret, request.method, request.raw_path, query, request.headers, body),
            presigned=presigned,
        )
    )


def refusal(request: Request, failed: Failure) -> Response:
    """The response to a request whose signature fails, as the service that it is for words it."""
    query = request.query
    service = router.detect_service(request.method, request.path, request.headers, query)
    error = iam_evaluator.AuthError(*failed)
    given: Response = app._credential_failure(
        service, "", str(uuid.uuid4()), error, request.headers
    )
    return given


def _in_header(request: Request) -> bool:
    return request.headers.get("authorization", "").startswith(f"{_ALGORITHM} ")


def _expired(signature: Any, query: Document) -> Failure | None:
    """A presigned request is as good as its X-Amz-Expires says, from 1 s to a week."""
    expires = _first(query, "X-Amz-Expires")
    if not expires:
        return _pair(sigv4.request_time_failure(signature))
    try:
        over = sigv4.presigned_request_is_expired(signature.amz_date, expires)
    except ValueError:
        over = True
    return ("AccessDenied", "Request has expired") if over else None


def _secret(key: str, token: str) -> str | Failure:
    """The secret of an account's root user, of a user's access key or of a session."""
    try:
        account = (
            responses._account_from_sts_session(key)
            or iam_evaluator.find_iam_access_key_account(key)
            or key
        )
    except iam_evaluator.AmbiguousAccessKeyError:
        account = key
    found = iam_evaluator.resolve_credential(key, account, token)
    if isinstance(found, iam_evaluator.CredentialResolutionError):
        return found.code, found.message
    return str(found.secret_access_key)


def _first(query: Document, name: str) -> str:
    return str((query.get(name) or [""])[0])


def _pair(failed: Any) -> Failure | None:
    return (str(failed[0]), str(failed[1])) if failed else None
