"""SHA-256 and size of what a stage has in S3."""

import hashlib

from promotion.moving.s3 import parted
from promotion.release import Content, Release
from promotion.stage import Stage

_CHUNK = 1 << 20


class Contents:
    """What objects hold, by their URIs. None is read twice, nor what `known` has read."""

    def __init__(self, stage: Stage, known: Release | None) -> None:
        self._s3, self._known = stage.client("s3"), dict[tuple[str, str], Content]()
        for model in known.models if known else ():
            if model.data and model.archive:
                self._remember(model.data, model.archive)
        for asset in known.assets if known else ():
            self._remember(f"s3://{asset.bucket}/{asset.key}", asset.content)

    def of(self, uri: str) -> Content:
        """Read an object to its end, unless its version is known.

        Of a multipart upload S3's own SHA-256 is one of its parts' hashes.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
        """
        bucket, key = parted(uri)
        answer = self._s3.get_object(Bucket=bucket, Key=key)
        version, body = answer.get("VersionId"), answer["Body"]
        if version and (uri, version) in self._known:
            body.close()
            return self._known[uri, version]
        digest, size = hashlib.sha256(), 0
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        return self._remember(uri, Content(version=version, sha256=digest.hexdigest(), size=size))

    def _remember(self, uri: str, content: Content) -> Content:
        if content.version:
            self._known[uri, content.version] = content
        return content
