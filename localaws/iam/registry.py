"""The registry's HTTP requests, evaluated as ECR's actions of the token's owner.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

import base64
import binascii
import json
import secrets

from localaws.json_api import Response, operation_of
from localaws.ministack import ecr
from localaws.ministack.permissions import refusal
from localaws.ministack.services import Handler, access_key, intercept, scope
from localaws.scope import Document

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
"""The access key ID of a token's owner, by the token."""


def install() -> None:
    """Give each caller a token of its own, and require it."""
    intercept("ecr", _giving_tokens)
    ecr.intercept_registry(_evaluating)


def _giving_tokens(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        status, response_headers, content = await known(method, path, headers, body, query)
        if operation_of(headers) != "GetAuthorizationToken" or status != 200:
            return status, response_headers, content
        document = json.loads(content)
        for given in document["authorizationData"]:
            token = secrets.token_urlsafe()
            _owners[token] = access_key(headers, query)
            given["authorizationToken"] = base64.b64encode(f"AWS:{token}".encode()).decode()
        return status, response_headers, json.dumps(document).encode()

    return handle


def _evaluating(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        owner = _owners.get(_token(headers))
        if owner is None:
            message = "Your authorization token is missing or not valid."
            unauthorized = ecr.registry_error(401, "UNAUTHORIZED", message)
            unauthorized[1]["WWW-Authenticate"] = 'Basic realm="ecr"'
            return unauthorized
        kind, name = ecr.registry_request(path)
        ecr.switch_to_registry(name, headers, query)
        repository = f"arn:aws:ecr:{scope().region}:{scope().account}:repository/{name}"
        for action in _actions(kind, method, body):
            if message := refusal(owner, f"ecr:{action}", repository) or "":
                return ecr.registry_error(403, "DENIED", message)
        return await known(method, path, headers, body, query)

    return handle


def _token(headers: dict[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    try:
        user, _, token = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return token if (kind.lower(), user) == ("basic", "AWS") else ""


def _actions(kind: str, method: str, body: bytes) -> tuple[str, ...]:
    """The ECR actions of one request; the last request of an upload may carry a layer, too."""
    if kind == "blob_upload_session":
        return _SENT[: 1 if method != "PUT" else 2] if body or method != "PUT" else _SENT[1:]
    begun = _ACTIONS.get((kind, method))
    if begun is None:
        return ()
    return (begun, *_SENT) if kind == "blob_uploads" and body else (begun,)
