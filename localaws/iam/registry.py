"""The registry's HTTP requests, evaluated as ECR's actions of the token's owner.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

from localaws import registry_login
from localaws.json_api import Response
from localaws.ministack import ecr
from localaws.ministack.permissions import refusal
from localaws.ministack.services import Handler, scope
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


def install() -> None:
    """Evaluate each request."""
    ecr.intercept_registry(_evaluating)


def _evaluating(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        owner = registry_login.owner(headers)
        if owner is None:
            return registry_login.unauthorized()
        kind, name = ecr.registry_request(path)
        ecr.switch_to_registry(name, headers, query)
        repository = f"arn:aws:ecr:{scope().region}:{scope().account}:repository/{name}"
        for action in _actions(kind, method, body):
            if message := refusal(owner, f"ecr:{action}", repository) or "":
                return ecr.registry_error(403, "DENIED", message)
        return await known(method, path, headers, body, query)

    return handle


def _actions(kind: str, method: str, body: bytes) -> tuple[str, ...]:
    """The ECR actions of one request; the last request of an upload may carry a layer, too."""
    if kind == "blob_upload_session":
        return _SENT[: 1 if method != "PUT" else 2] if body or method != "PUT" else _SENT[1:]
    begun = _ACTIONS.get((kind, method))
    if begun is None:
        return ()
    return (begun, *_SENT) if kind == "blob_uploads" and body else (begun,)
