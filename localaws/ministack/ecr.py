"""MiniStack's ECR and its registry."""

import re
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import responses
from ministack.services import ecr

from localaws.json_api import Response
from localaws.ministack.services import Handler, acting_in, intercept, scope, switch_to
from localaws.scope import Document, Scope

_CDK_REPOSITORY = re.compile(r".+-(?P<account>\d{12})-(?P<region>[a-z]{2}(-[a-z]+)+-\d)")


def image(where: Scope, repository: str, wanted: dict[str, str]) -> Document | None:
    """The image of a digest or a tag in the emulated ECR; None where it is not there."""
    with acting_in(where):
        found: Document | None = ecr._find_image(repository, wanted)
    return found


def intercept_registry(around: Callable[[Handler], Handler]) -> None:
    """Put a handler around the one that serves the registry's HTTP API."""
    ecr.handle_registry_request = around(ecr.handle_registry_request)


def is_registry(path: str) -> bool:
    """Whether a path is one of the registry's HTTP API."""
    return bool(app._is_ecr_registry_path(path))


def registry_error(status: int, code: str, message: str) -> Response:
    """An error of the registry's HTTP API."""
    error: Response = ecr._registry_error(status, code, message)
    return error


def registry_request(path: str) -> tuple[str, str]:
    """What a registry request is about (`manifest`, `blob`, ...), and its repository."""
    kind, repository, _ = ecr._parse_v2_path(path) or ("", "", "")
    return kind or "", repository or ""


def switch_to_registry(repository: str, headers: dict[str, str], query: Document) -> None:
    """Have the rest of a registry request work in the repository's account and region."""
    ecr._select_registry_request_scope(repository, headers, query)


_describe_all_images = ecr._describe_images


def _describe_images(request: Document) -> Any:
    """ECR's DescribeImages, which refuses an image that is not there.

    MiniStack returns an empty list, from which the CDK CLI takes the image for published.
    """
    name = request.get("repositoryName", "")
    for wanted in request.get("imageIds") or []:
        if name in ecr._repositories and ecr._find_image(name, wanted) is None:
            tag, digest = wanted.get("imageTag", "null"), wanted.get("imageDigest", "null")
            return responses.error_response_json(
                "ImageNotFoundException",
                f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not"
                f" exist within the repository with name '{name}' in the registry with id"
                f" '{scope().account}'",
                400,
            )
    return _describe_all_images(request)


_select_scope_by_host = ecr._select_registry_request_scope


def _select_registry_scope(name: str | None, headers: Any, query: Any) -> None:
    """Whose repository a registry request is for.

    ECR reads it from the host's name, but a container engine that pushes to the emulator knows that
    as 127.0.0.1. The repositories of `cdk bootstrap` have account and region in their own names.
    """
    _select_scope_by_host(name, headers, query)
    if own := _CDK_REPOSITORY.fullmatch(name or ""):
        switch_to(Scope(own["account"], own["region"]))


def _with_scans(known: Handler) -> Handler:
    """DescribeImageScanFindings, which MiniStack lacks. Nothing here scans an image."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        if not headers.get("x-amz-target", "").endswith(".DescribeImageScanFindings"):
            return await known(method, path, headers, body, query)
        message = "localaws scans no image, so that there are no findings."
        refused: Response = responses.error_response_json("ScanNotFoundException", message, 400)
        return refused

    return handle


def install() -> None:
    """Mend DescribeImages and the scope of registry requests, and add scans."""
    intercept("ecr", _with_scans)
    ecr._describe_images = _describe_images
    ecr._select_registry_request_scope = _select_registry_scope
