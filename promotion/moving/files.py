"""A model that is shipped as files: `<prefix><name>` for each name in `<prefix>SHA256SUMS`.

The release pins the SHA-256 of that list, the list pins every file (docs/adr/0003, 0006). Objects
under the prefix that it does not name are no part of the model and stay behind.
"""

import hashlib

from promotion.moving.objects import copy_object, plan_object
from promotion.moving.outcome import Moved, MoveError, OnBytes, Planned, ignore_bytes
from promotion.moving.parts import Part
from promotion.moving.s3 import S3Object

MANIFEST = "SHA256SUMS"


def plan_files(source: S3Object, target: S3Object, *, sha256: str) -> Planned:
    """What `copy_files` would do; nothing is written.

    Raises:
        MoveError: as `copy_files`.
    """
    planned = [
        plan_object(source.beside(name), target.beside(name), sha256=expected)
        for name, expected in _names(source, sha256).items()
    ]
    return Planned(sum(one.size for one in planned), sum(one.missing for one in planned))


def copy_files(
    source: S3Object, target: S3Object, *, sha256: str, on_bytes: OnBytes = ignore_bytes
) -> Moved:
    """Copy the files of a model, each as `copy_object` does; the list of them comes last.

    Args:
        source, target: their keys are prefixes and end in `/`.
        sha256: of SHA256SUMS, in hexadecimal.

    Raises:
        MoveError: where a file is not there, is not what the list says, or a call is refused.
    """
    moved = Moved(0)
    for name, expected in _names(source, sha256).items():
        moved += copy_object(
            source.beside(name), target.beside(name), sha256=expected, on_bytes=on_bytes
        )
    return moved


def _names(source: S3Object, sha256: str) -> dict[str, str]:
    """The SHA-256 of each file, and of the list itself, by name."""
    listed = source.beside(MANIFEST)
    found = listed.existing()
    text = listed.read(Part(1, 0, found["ContentLength"] - 1), found["ETag"])
    if (digest := hashlib.sha256(text).hexdigest()) != sha256:
        raise MoveError(
            f"{listed}: its SHA-256 is {digest}, the release's is {sha256}; restore the version"
            " that was released"
        )
    lines = (line.partition("  ") for line in text.decode().splitlines())
    return {name: digest for digest, _, name in lines} | {MANIFEST: sha256}
