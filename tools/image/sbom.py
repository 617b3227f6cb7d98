"""What a serving image is made of, as CycloneDX: Debian's packages and Python's, as it lists them.

The image is asked by itself, in a container without a network, a right or a place to write to.
What it answers is data: names and versions alone are taken from it. The library of the CycloneDX
project writes the document.
"""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tools.image.engine import Engine, ImageError, last_line

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

_ASK = r"""
import importlib.metadata, json, pathlib, re
status = pathlib.Path("/var/lib/dpkg/status")
fields = [
    dict(re.findall(r"(?m)^(Package|Version|Architecture|Status): (.*)$", one))
    for one in (status.read_text().split("\n\n") if status.exists() else [])
]
print(json.dumps({
    "pypi": [[one.metadata["Name"], one.version] for one in importlib.metadata.distributions()],
    "deb": [
        [one["Package"], one["Version"]]
        for one in fields
        if one.get("Status", "").endswith(" installed")
    ],
}))
"""
_CLOSED = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--user=65534:65534")
_MOST = 2**22  # characters; an image of a thousand packages lists them in 50,000
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~_-]{0,127}")


def sbom(engine: Engine, image: str, digest: str, made: datetime) -> bytes:
    """The document of an image that is in the engine's own store; the same bytes each time.

    `digest`: of its manifest; `made`: what the document says that it was made.

    Raises ImageError where the image does not say what it has.
    """
    from cyclonedx.model.bom import Bom  # noqa: PLC0415 - takes half a second
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.output import make_outputter  # noqa: PLC0415
    from cyclonedx.schema import OutputFormat, SchemaVersion  # noqa: PLC0415

    whole = Component(
        name="serving image", version=digest, type=ComponentType.CONTAINER, bom_ref=digest
    )
    components = list(_components(_asked(engine, image)))
    document = Bom(components=components, serial_number=uuid.uuid5(uuid.NAMESPACE_OID, digest))
    document.metadata.component = whole
    document.metadata.timestamp = made
    document.register_dependency(whole, components)
    written = make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6)
    return written.output_as_string(indent=1).encode()


def _asked(engine: Engine, image: str) -> str:
    ran = engine.run("run", *_CLOSED, "--entrypoint=python", image, "-I", "-c", _ASK)
    if ran.returncode:
        raise ImageError(f"{image} does not list its packages: {last_line(ran.stderr)}")
    if len(ran.stdout) > _MOST:
        raise ImageError(f"{image} does not list its packages: {len(ran.stdout):,} characters")
    return ran.stdout


def _components(answer: str) -> Iterator["Component"]:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    try:
        found = {
            (kind, str(name), str(version))
            for kind, listed in json.loads(answer).items()
            for name, version in listed
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise ImageError(f"the image does not list its packages as asked: {error}") from None
    for kind, name, version in sorted(found):
        known = kind in ("pypi", "deb") and _PART.fullmatch(name) and _PART.fullmatch(version)
        if not known:
            raise ImageError(f"the image lists what is no package: {kind[:20]!r}, {name[:80]!r}")
        space = "debian" if kind == "deb" else None
        url = PackageURL(kind, namespace=space, name=name, version=version)
        yield Component(
            name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=str(url)
        )
