"""A container definition's image in the emulated ECR."""

import re
from typing import Any

from localaws.json_api import AwsError
from localaws.ministack import ecr
from localaws.scope import Scope

_NAMED = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.[^/]+/(?P<repository>[^:@]+)"
    r"(:(?P<tag>[\w.-]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def tags(image: str) -> list[str]:
    """The tag of an image, or those that the emulated ECR has for its digest."""
    if "@" not in image:
        return [image.rpartition(":")[2]]
    found = _find(image)
    return list(found["imageTags"]) if found else []


def check(image: str) -> None:
    """Raise ValidationException for an image with an OCI manifest or an OCI index in ECR.

    The messages are those of https://github.com/aws/amazon-sagemaker-feedback/issues/180 and, of an
    index, https://github.com/mlflow/mlflow/issues/13834. AWS does not document which it takes.
    """
    found = _find(image)
    media_type = found["imageManifestMediaType"] if found else ""
    if media_type.startswith("application/vnd.oci."):
        raise AwsError.validation(
            f"Unsupported manifest media type {media_type} for image {image}. Ensure that valid"
            " manifest media type is used for specified image."
        )


def _find(image: str) -> dict[str, Any] | None:
    named = _NAMED.fullmatch(image)
    if named is None:
        return None
    where = Scope(named["account"], named["region"])
    digest, tag = named["digest"], named["tag"] or "latest"
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag}
    return ecr.image(where, named["repository"], wanted)
