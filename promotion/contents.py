"""SHA-256 and size of what a stage has in S3."""

from aws.stage import Stage
from promotion.moving.objects import sha256_told
from promotion.moving.parts import Digests
from promotion.moving.s3 import parted
from promotion.release import Content, Release

_CHUNK = 1 << 20


class Contents:
    """What objects hold, by their URIs. None is read twice, nor what a release says of it.

    Args:
        known: the stage's newest release: its objects are known by their versions.
        moved: the release that was brought to the stage: its bytes are known where S3 itself
            says that it has them, by their SHA-256.
    """

    def __init__(self, stage: Stage, known: Release | None, moved: Release | None = None) -> None:
        self._s3, self._known = stage.client("s3"), dict[tuple[str, str], Content]()
        self._told = {
            sha256: content
            for _, content in _contents(moved)
            for sha256 in (content.sha256, content.parts_sha256)
        }
        for uri, content in _contents(known):
            self._remember(uri, content)

    def of(self, uri: str) -> Content:
        """What an object holds; it is read to its end, unless that is known."""
        bucket, key = parted(uri)
        found = self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        version = found.get("VersionId")
        if version and (uri, version) in self._known:
            return self._known[uri, version]
        told, _ = sha256_told(found)
        content = self._told.get(told or "")
        if content is None or content.size != found["ContentLength"]:
            content = self._read(bucket, key, found["ETag"])
        return self._remember(uri, content.model_copy(update={"version": version}))

    def _read(self, bucket: str, key: str, etag: str) -> Content:
        answer = self._s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)
        size = answer["ContentLength"]
        return content_of(Digests.of(answer["Body"].iter_chunks(_CHUNK), size), None, size)

    def _remember(self, uri: str, content: Content) -> Content:
        if content.version:
            self._known[uri, content.version] = content
        return content


def content_of(digests: Digests, version: str | None, size: int) -> Content:
    """As a release has it."""
    return Content(version=version, sha256=digests.whole, parts_sha256=digests.parts, size=size)


def _contents(release: Release | None) -> list[tuple[str, Content]]:
    """All that a release knows the bytes of, by their URIs."""
    if release is None:
        return []
    models = [(one.data, one.archive) for one in release.models if one.data and one.archive]
    return [*models, *((f"s3://{one.bucket}/{one.key}", one.content) for one in release.assets)]
