"""SHA-256 and size of a stage's objects in S3."""

from aws.stage import Stage
from promotion.moving.objects import s3_sha256
from promotion.moving.parts import Digests
from promotion.moving.s3 import parted
from promotion.release import Content, Release

_CHUNK = 1 << 20


class Contents:
    """The contents of objects, by their URIs. None is read twice, nor where a release has it.

    Args:
        known: the stage's newest release: its objects are recognized by their versions.
        moved: the release that was promoted to the stage: its objects are recognized by the
            SHA-256 under which S3 has them.
    """

    def __init__(self, stage: Stage, known: Release | None, moved: Release | None = None) -> None:
        self._s3, self._known = stage.client("s3"), dict[tuple[str, str], Content]()
        self._by_sha256 = {
            sha256: content
            for _, content in _contents(moved)
            for sha256 in (content.sha256, content.parts_sha256)
        }
        for uri, content in _contents(known):
            self._remember(uri, content)

    def of(self, uri: str) -> Content:
        """The content of an object, which is read to its end unless it is known."""
        bucket, key = parted(uri)
        found = self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        version = found.get("VersionId")
        if version and (uri, version) in self._known:
            return self._known[uri, version]
        sha256, _ = s3_sha256(found)
        content = self._by_sha256.get(sha256 or "")
        if content is None or content.size != found["ContentLength"]:
            content = self._read(bucket, key, found["ETag"])
        return self._remember(uri, content.model_copy(update={"version": version}))

    def _read(self, bucket: str, key: str, etag: str) -> Content:
        response = self._s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)
        size = response["ContentLength"]
        return content_of(Digests.of(response["Body"].iter_chunks(_CHUNK), size), None, size)

    def _remember(self, uri: str, content: Content) -> Content:
        if content.version:
            self._known[uri, content.version] = content
        return content


def content_of(digests: Digests, version: str | None, size: int) -> Content:
    """The content of an object of these digests."""
    return Content(version=version, sha256=digests.whole, parts_sha256=digests.parts, size=size)


def _contents(release: Release | None) -> list[tuple[str, Content]]:
    """The objects of a release, by their URIs."""
    if release is None:
        return []
    models = [(one.data, one.archive) for one in release.models if one.data and one.archive]
    return [*models, *((f"s3://{one.bucket}/{one.key}", one.content) for one in release.assets)]
