"""The digest of the official base image, asked of its registry and kept in container/bases.

It stands there as a Dockerfile has it, so that Dependabot proposes later ones.
"""

import json
import re
import urllib.request
from urllib.error import URLError

from stacks.build_arguments import BASES, pinned_base
from tools.image import base
from tools.image.engine import ImageError

_REGISTRY = "https://public.ecr.aws"
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SECONDS = 30


def pin(python_version: str, *, registry: str = _REGISTRY) -> str:
    """Keep the digest that the registry has for a Python's base image; the line that is kept.

    Raises ImageError where the registry does not say.
    """
    image = base.by_tag(python_version)
    repository, _, tag = image.partition("/")[2].partition(":")
    try:
        digest = _digest(registry, repository, tag)
    except (URLError, ValueError, KeyError) as error:
        raise ImageError(f"{image}: {registry} does not say its digest: {error}") from None
    line = f"FROM {image}@{digest}"
    kept = [one for one in _lines() if one != f"FROM {pinned_base(python_version)}"]
    BASES.parent.mkdir(exist_ok=True)
    BASES.write_text("\n".join([*sorted([*kept, line]), ""]), encoding="utf-8")
    return line


def _lines() -> list[str]:
    return BASES.read_text("utf-8").splitlines() if BASES.exists() else []


def _digest(registry: str, repository: str, tag: str) -> str:
    asked = f"{registry}/token/?service=public.ecr.aws&scope=repository:{repository}:pull"
    with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - our own address
        token = json.load(answer)["token"]
    request = urllib.request.Request(  # noqa: S310
        f"{registry}/v2/{repository}/manifests/{tag}",
        method="HEAD",
        headers={"Authorization": f"Bearer {token}", "Accept": ", ".join(_INDEXES)},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        digest = str(answer.headers["Docker-Content-Digest"])
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ValueError(f"Docker-Content-Digest is {digest[:80]!r}")
    return digest
