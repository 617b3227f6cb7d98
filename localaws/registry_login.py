"""The registry's logins: each GetAuthorizationToken gives a token that cannot be guessed.

Every request over the registry's HTTP API needs one, by basic authentication.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

import base64
import binascii
import json
import secrets

from localaws.json_api import Response, operation_of
from localaws.ministack import ecr
from localaws.ministack.services import Handler, access_key, intercept
from localaws.scope import Document

_owners: dict[str, str] = {}
"""The access key ID of a token's owner, by the token."""


def install() -> None:
    """Give each caller a token of its own."""
    intercept("ecr", _giving_tokens)


def owner(headers: dict[str, str]) -> str | None:
    """The access key ID whose owner was given the token of a request; None without one."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    try:
        user, _, token = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return _owners.get(token) if (kind.lower(), user) == ("basic", "AWS") else None


def unauthorized() -> Response:
    """The response to a request without a token."""
    message = "Your authorization token is missing or not valid."
    response = ecr.registry_error(401, "UNAUTHORIZED", message)
    response[1]["WWW-Authenticate"] = 'Basic realm="ecr"'
    return response


def _giving_tokens(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        status, response_headers, content = await known(method, path, headers, body, query)
        wanted = operation_of(headers) == "GetAuthorizationToken"
        if not wanted or status != 200:
            return status, response_headers, content
        document = json.loads(content)
        for given in document["authorizationData"]:
            token = secrets.token_urlsafe()
            _owners[token] = access_key(headers, query)
            given["authorizationToken"] = base64.b64encode(f"AWS:{token}".encode()).decode()
        return status, response_headers, json.dumps(document).encode()

    return handle
