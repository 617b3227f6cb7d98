"""The registry's HTTP requests, judged as ECR's actions by who the token was given to.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

import base64
import binascii
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.core import responses, router
from ministack.services import ecr

from localaws.iam.judge import refusal

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]

_ACTIONS = {
    ("manifest", "GET"): "BatchGetImage",
    ("manifest", "HEAD"): "BatchGetImage",
    ("manifest", "PUT"): "PutImage",
    ("manifest", "DELETE"): "BatchDeleteImage",
    ("blob", "GET"): "GetDownloadUrlForLayer",
    ("blob", "HEAD"): "BatchCheckLayerAvailability",
    ("blob", "DELETE"): "BatchDeleteImage",
    ("blob_uploads", "POST"): "InitiateLayerUpload",
    ("tags_list", "GET"): "ListImages",
}
_SENT = ("UploadLayerPart", "CompleteLayerUpload")

_owners: dict[str, str] = {}
"""The access key that a token was given to, by the token."""


def install() -> None:
    """Give each caller a token of its own, and ask for it."""
    app.SERVICE_HANDLERS["ecr"] = _giving_tokens(app.SERVICE_HANDLERS["ecr"])
    ecr.handle_registry_request = _judging(ecr.handle_registry_request)


def _giving_tokens(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        answer = await known(method, path, headers, body, query)
        asked = headers.get("x-amz-target", "").endswith(".GetAuthorizationToken")
        if not asked or answer[0] != 200:
            return answer
        document = json.loads(answer[2])
        for given in document["authorizationData"]:
            token = secrets.token_urlsafe()
            _owners[token] = router.extract_access_key_id(headers, query)
            given["authorizationToken"] = base64.b64encode(f"AWS:{token}".encode()).decode()
        return answer[0], answer[1], json.dumps(document).encode()

    return handle


def _judging(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        owner = _owners.get(_token(headers))
        if owner is None:
            answer: Answer = ecr._registry_error(
                401, "UNAUTHORIZED", "Your authorization token is missing or not valid."
            )
            answer[1]["WWW-Authenticate"] = 'Basic realm="ecr"'
            return answer
        verb, name, _ = ecr._parse_v2_path(path) or ("", "", "")
        ecr._select_registry_request_scope(name, headers, query)
        place = f"{responses.get_region()}:{responses.get_account_id()}"
        for action in _actions(verb, method, body):
            said = refusal(owner, f"ecr:{action}", f"arn:aws:ecr:{place}:repository/{name}")
            if said:
                denied: Answer = ecr._registry_error(403, "DENIED", said)
                return denied
        return await known(method, path, headers, body, query)

    return handle


def _token(headers: dict[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    try:
        user, _, token = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return token if (kind.lower(), user) == ("basic", "AWS") else ""


def _actions(verb: str, method: str, body: bytes) -> tuple[str, ...]:
    """ECR's actions of one request; a layer may be sent in parts, or with the request to end."""
    if verb == "blob_upload_session":
        return _SENT[: 1 if method != "PUT" else 2] if body or method != "PUT" else _SENT[1:]
    begun = _ACTIONS.get((verb, method))
    if begun is None:
        return ()
    return (begun, *_SENT) if verb == "blob_uploads" and body else (begun,)
