"""Checks the model's files against its list of SHA-256 (`SHA256SUMS`, in coreutils' format).

The template has the digest of the list, and the list has that of every file. So what is loaded is
what was packed; this is checked before any of it is imported or unpickled.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

from ..errors import LoadError

MANIFEST = "SHA256SUMS"
_LINE = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")
_CURE = "pack the model again and deploy it, so that folder and template agree"


def verify(folder: Path, manifest_sha256: str) -> None:
    """Check the list against its digest and every file against the list.

    Raises:
        LoadError: if a file differs, is missing, or is not listed.
    """
    listing = folder / MANIFEST
    try:
        content = listing.read_bytes()
    except OSError as error:
        raise LoadError(f"{listing}: {error.strerror}; {_CURE}") from error
    if (actual := hashlib.sha256(content).hexdigest()) != manifest_sha256:
        raise LoadError(
            f"{listing}: its SHA-256 is {actual}, BERTH_MODEL_MANIFEST_SHA256 says "
            f"{manifest_sha256}; {_CURE}"
        )
    expected = _parse(content.decode(errors="surrogateescape"), listing)
    present = _files(folder) - {MANIFEST}
    if extra := sorted(present - expected.keys()):
        raise LoadError(f"{folder / extra[0]}: not listed in {MANIFEST}; {_CURE}")
    if missing := sorted(expected.keys() - present):
        raise LoadError(f"{folder / missing[0]}: listed in {MANIFEST}, but not there; {_CURE}")
    for name, digest in expected.items():
        with (folder / name).open("rb") as file:
            if _sha256(file) != digest:
                raise LoadError(f"{folder / name}: differs from {MANIFEST}; {_CURE}")


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()  # hashlib.file_digest is of Python 3.11
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _parse(content: str, listing: Path) -> dict[str, str]:
    digests = {}
    for number, line in enumerate(content.removesuffix("\n").split("\n"), start=1):
        if (match := _LINE.fullmatch(line)) is None:
            raise LoadError(f"{listing}: line {number} is not '<sha256>  <file>'; {_CURE}")
        escaped, digest, name = match.groups()
        digests[_unescape(name) if escaped else name] = digest
    return digests


def _unescape(name: str) -> str:
    """Replace coreutils' escapes of backslash, line feed and carriage return in a name."""
    plain = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\[\\nr]", lambda match: plain[match[0]], name)


def _files(folder: Path) -> set[str]:
    """List all files; LoadError for a link or device."""
    found: set[str] = set()
    for parent, directories, files in os.walk(folder):
        links = [name for name in directories if (Path(parent) / name).is_symlink()]
        found.update(str((Path(parent) / name).relative_to(folder)) for name in [*files, *links])
    for name in found:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise LoadError(f"{path}: neither a plain file nor a directory; {_CURE}")
    return found
