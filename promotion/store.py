"""Releases in a stage's bucket: `releases/<id>.json`, and beside it what is named by its hash.

The document is written last, and only where none is: S3 refuses the second of two writers. It is
written anew, for evidence, only where it is still the one that was read.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import hashlib
import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion import PromotionError
from promotion.evidence import Verification
from promotion.release import RELEASE_ID, Assembly, Release

_PREFIX = "releases/"
# 409 is the response to a write beside another one that has not ended.
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class ReleaseStore:
    """The releases of a stage. Every method raises AwsError where AWS refuses the call."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._bucket, self._s3 = stage, stage.bucket, stage.client("s3")

    def ids(self) -> list[str]:
        """The ids of all releases, the oldest first."""
        with in_one_line():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{_PREFIX}{self._stage.name}-"
            )
            keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        names = (key.removeprefix(_PREFIX)[:-5] for key in keys if key.endswith(".json"))
        return sorted(name for name in names if re.fullmatch(RELEASE_ID, name))

    def newest(self) -> Release | None:
        """The release that was recorded last."""
        ids = self.ids()
        return self.read(ids[-1]) if ids else None

    def before(self, release: Release) -> Release | None:
        """The release that was recorded before this one; None for the first."""
        earlier = [each for each in self.ids() if each < release.id]
        return self.read(earlier[-1]) if earlier else None

    def every(self) -> list[Release]:
        """All releases, the newest first."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(self.read, reversed(self.ids())))

    def served(self) -> Release | None:
        """The newest release with the EndpointConfig that is served; None where none has it."""
        served = self._stage.served_config()
        return next((each for each in self.every() if each.endpoint_config == served), None)

    def read(self, id: str) -> Release:
        """Read a release.

        Raises PromotionError where there is none, or its document is not one of this schema.
        """
        return self._read(id)[0]

    def _read(self, id: str) -> tuple[Release, str]:
        """A release, and the ETag of its document."""
        where = f"s3://{self._bucket}/{_key(id)}"
        try:
            document, etag = self._get(id)
            release = Release.model_validate_json(document)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "document"
            reason = f"{key}: {first['msg']}"
            raise PromotionError(f"{where}: not a release of schema 1: {reason}") from None
        if (release.id, release.stage) != (id, self._stage.name):
            reason = f"it says that it is {release.id} of {release.stage}"
            raise PromotionError(f"{where}: not release {id}: {reason}")
        return release, etag

    def assembly(self, release: Release) -> bytes:
        """The zip of a release's cloud assembly.

        Raises PromotionError where it is not what was recorded.
        """
        kept, bucket = release.assembly, self._bucket
        with in_one_line():
            found: bytes = self._s3.get_object(Bucket=bucket, Key=kept.key)["Body"].read()
        digest = hashlib.sha256(found).hexdigest()
        if digest != kept.sha256:
            raise PromotionError(
                f"s3://{bucket}/{kept.key}: its SHA-256 is {digest}, {release.id} was recorded with"
                f" {kept.sha256}; restore that version"
            )
        return found

    def _get(self, id: str) -> tuple[bytes, str]:
        try:
            with in_one_line():
                found = self._s3.get_object(Bucket=self._bucket, Key=_key(id))
                return found["Body"].read(), found["ETag"]
        except CallError as error:
            if error.code != "NoSuchKey":
                raise
            name = self._stage.name
            raise PromotionError(
                f"{id}: no such release of {name}; see `berth history {name}`"
            ) from None

    def add(self, release: Release, archive: bytes) -> bool:
        """Store a release and its assembly; False where another one has its id by now."""
        # Named by its hash: a second writer writes the same bytes.
        self._put(release.assembly.key, archive, ContentType="application/zip")
        return self._put_document(release, IfNoneMatch="*")

    def add_evidence(self, id: str, found: Verification) -> Release:
        """Append evidence to a release; what others append at the same time stays."""
        while True:
            release, etag = self._read(id)
            changed = release.model_copy(update={"evidence": (*release.evidence, found)})
            if self._put_document(changed, IfMatch=etag):
                return changed

    def keep_sbom(self, digest: str, content: bytes) -> str:
        """Store what an image is made of under its digest, and say where."""
        key = _sbom_key(digest)
        self._put(key, content, ContentType="application/vnd.cyclonedx+json")
        return f"s3://{self._bucket}/{key}"

    def sbom(self, digest: str) -> bytes | None:
        """What an image is made of; None where nobody stored it."""
        try:
            with in_one_line():
                found = self._s3.get_object(Bucket=self._bucket, Key=_sbom_key(digest))
                content: bytes = found["Body"].read()
        except CallError as error:
            if error.code != "NoSuchKey":
                raise
            return None
        return content

    def keep_golden(self, content: bytes) -> str:
        """Store a golden set under its SHA-256, and say that."""
        digest = hashlib.sha256(content).hexdigest()
        self._put(_golden_key(digest), content, ContentType="application/jsonlines")
        return digest

    def golden(self, release: Release) -> bytes | None:
        """The golden set of a release; None where its model has none.

        Raises PromotionError where it is not what was recorded.
        """
        if release.golden is None:
            return None
        key = _golden_key(release.golden)
        with in_one_line():
            content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        if hashlib.sha256(content).hexdigest() != release.golden:
            raise PromotionError(f"s3://{self._bucket}/{key}: not the bytes that it is named by")
        return content

    def _put_document(self, release: Release, **condition: str) -> bool:
        """Write a release's document; False where the condition does not hold."""
        document = (release.model_dump_json(indent=2) + "\n").encode()
        try:
            self._put(_key(release.id), document, ContentType="application/json", **condition)
        except CallError as error:
            if error.code in _TAKEN:
                return False
            raise
        return True

    def _put(self, key: str, content: bytes, **options: str) -> None:
        # S3 computes it anew from what arrives, and refuses what differs.
        checksum = b64encode(hashlib.sha256(content).digest()).decode()
        with in_one_line():
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=content, ChecksumSHA256=checksum, **options
            )


def _key(id: str) -> str:
    return f"{_PREFIX}{id}.json"


def _sbom_key(digest: str) -> str:
    return f"{_PREFIX}sbom/{digest.removeprefix('sha256:')}.cdx.json"


def _golden_key(sha256: str) -> str:
    return f"{_PREFIX}golden/{sha256}.jsonl"


def assembly_of(archive: bytes) -> Assembly:
    """Where an assembly's zip is kept."""
    digest = hashlib.sha256(archive).hexdigest()
    return Assembly(key=f"{_PREFIX}assemblies/{digest}.zip", sha256=digest)


def next_id(stage: str, newest: Release | None) -> str:
    """The id of the release after this one."""
    number = int(newest.id.rpartition("-")[2]) if newest else 0
    return f"{stage}-{number + 1:06}"
