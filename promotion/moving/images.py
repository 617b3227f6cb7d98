"""An image copied from one registry to another, by digest: the same bytes under the same tag.

Why neither skopeo nor a library: docs/adr/0009-moving-images.md.

Every blob is hashed as it passes, and its last chunk is held back until the digest is right; the
registry computes it again. The manifest is put last, so a tag never names an incomplete image.
Killed and called again, it skips the blobs that are there, and sends an incomplete blob anew.

Reading, hashing and sending a blob have a thread each, so that none waits for another.

Memory: 4 blobs at a time, 5 MiB of each. docs/promotion-permissions.md says what ECR has to allow.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from promotion.moving import Moved, MoveError, OnBytes, Planned, ignore_bytes
from promotion.moving.registry import DOCKER_MANIFEST, Manifest, Repository
from promotion.moving.threads import in_parallel, read_ahead

_AHEAD = 8  # chunks, between two threads


@dataclass(frozen=True)
class _Blob:
    digest: str
    size: int


def plan_image(source: Repository, target: Repository, *, digest: str, tag: str) -> Planned:
    """What `copy_image` would do; nothing is written. Raises MoveError as `copy_image` does."""
    blobs = _blobs(_manifest(source, digest))
    size = sum(blob.size for blob in blobs)
    if _holds(target, digest, tag):
        return Planned(size, 0)
    return Planned(size, sum(one.size for one in blobs if not target.has_blob(one.digest)))


def copy_image(
    source: Repository,
    target: Repository,
    *,
    digest: str,
    tag: str,
    on_bytes: OnBytes = ignore_bytes,
) -> Moved:
    """Copy the image `digest` and name it `tag` in the target, unless it has that name there.

    Sizes are of the config and the layers, compressed as they are.

    Raises MoveError where the source has no such image, its bytes are not those of their digests,
    it is no Docker image of one platform, the target's tag names another image, or a registry
    refuses a call or cannot be reached.
    """
    manifest = _manifest(source, digest)
    blobs = _blobs(manifest)
    if _holds(target, digest, tag):
        moved = Moved(sum(blob.size for blob in blobs))
        on_bytes(moved.size)
        return moved
    done = in_parallel(blobs, lambda blob: _copy(source, target, blob, on_bytes))
    target.put_manifest(tag, manifest)
    return sum(done, Moved(0))


def _manifest(source: Repository, digest: str) -> Manifest:
    manifest = source.manifest(digest)
    if manifest is None:
        raise MoveError(f"{source}@{digest}: no such image")
    if manifest.digest != digest:
        raise MoveError(f"{source}@{digest}: the registry sent a manifest of {manifest.digest}")
    if manifest.media_type != DOCKER_MANIFEST:
        raise MoveError(
            f"{source}@{digest}: SageMaker's CreateModel refuses {manifest.media_type};"
            " build it for one platform, with --output=type=docker and without provenance"
        )
    return manifest


def _blobs(manifest: Manifest) -> list[_Blob]:
    """Config and layers, each once."""
    content = json.loads(manifest.body)
    named = [content["config"], *content["layers"]]
    return list(dict.fromkeys(_Blob(one["digest"], one["size"]) for one in named))


def _holds(target: Repository, digest: str, tag: str) -> bool:
    there = target.manifest(tag)
    if there is not None and there.digest != digest:
        raise MoveError(
            f"{target}:{tag}: is {there.digest} there, the release's is {digest}; it was built in"
            " that account and not tested: delete that tag"
        )
    return there is not None


def _copy(source: Repository, target: Repository, blob: _Blob, on_bytes: OnBytes) -> Moved:
    if target.has_blob(blob.digest):
        on_bytes(blob.size)
        return Moved(blob.size)
    chunks = _counted(read_ahead(_verified(source, blob), _AHEAD), on_bytes)
    target.upload(blob.digest, blob.size, chunks)
    return Moved(blob.size, sent=blob.size)


def _verified(source: Repository, blob: _Blob) -> Iterator[bytes]:
    """The blob's chunks, the last of them only where the digest is right: else none is uploaded."""
    found, size, held = hashlib.sha256(), 0, b""
    for chunk in read_ahead(source.blob(blob.digest), _AHEAD):
        if held:
            yield held
        found.update(chunk)
        size, held = size + len(chunk), chunk
    if (f"sha256:{found.hexdigest()}", size) != (blob.digest, blob.size):
        raise MoveError(
            f"{source}: the layer or config {blob.digest} of {blob.size} bytes arrived as"
            f" sha256:{found.hexdigest()} of {size}; push the image to it anew"
        )
    yield held


def _counted(chunks: Iterator[bytes], on_bytes: OnBytes) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        on_bytes(len(chunk))
