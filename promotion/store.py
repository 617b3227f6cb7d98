"""Releases in a stage's bucket: `releases/<id>.json`, and beside it what is named by its hash.

The document is written last, and only where there is none: S3 refuses the second of two writers.
It is written anew, for evidence, only where it is still the one that was read.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from aws import assembly
from aws.assembly import StageAssembly
from aws.errors import CallError, in_one_line
from aws.recorded import unzip
from aws.stage import Stage
from promotion import PromotionError, signing
from promotion.document import first_mistake
from promotion.evidence import Verification
from promotion.release import RELEASE_ID, Assembly, Release

_PREFIX = "releases/"
# The second is the response to a write while another one of the same key is under way.
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class Unpacked:
    """A release's cloud assembly in a folder, and a stage's part of it."""

    folder: Path
    wanted: StageAssembly


@dataclass(frozen=True)
class _Stored:
    """An object of the bucket."""

    content: bytes
    etag: str
    metadata: dict[str, str]


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
        """The release that was recorded last; None where there is no release."""
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
        """Read a release, to show it.

        Raises PromotionError where there is none, or its document is not one of this schema.
        """
        return self._read(id)[0]

    def trusted(self, id: str, *, keys: Sequence[str] = (), sha256: str | None = None) -> Release:
        """Read a release, to deploy it or to add to it.

        `keys`: those whose signatures are taken; none: the stage's own. `sha256`: of the document
        that somebody has approved.

        Raises PromotionError where it is not signed as the stage signs, or is another document.
        """
        release, _ = self._trusted(id, keys, sha256)
        return release

    def _trusted(
        self, id: str, keys: Sequence[str] = (), sha256: str | None = None
    ) -> tuple[Release, str]:
        release, found = self._read(id)
        where, digest = f"s3://{self._bucket}/{_key(id)}", hashlib.sha256(found.content).hexdigest()
        if sha256 not in (None, digest):
            raise PromotionError(f"{where}: its SHA-256 is {digest}; {sha256} was asked for")
        signing.check(self._stage, where, found.content, found.metadata, keys)
        return release, found.etag

    def is_trusted(self, id: str) -> bool:
        """Whether a release is signed as the stage signs."""
        try:
            self.trusted(id)
        except PromotionError:
            return False
        return True

    def sha256(self, id: str) -> str:
        """The SHA-256 of a release's document, by which it can be approved."""
        return hashlib.sha256(self._get(_key(id)).content).hexdigest()

    def _read(self, id: str) -> tuple[Release, "_Stored"]:
        """A release, and its document."""
        where, name = f"s3://{self._bucket}/{_key(id)}", self._stage.name
        try:
            found = self._get(_key(id))
            release = Release.model_validate_json(found.content)
        except CallError as error:
            if error.code != "NoSuchKey":
                raise
            reason = f"no such release of {name}; see `berth history {name}`"
            raise PromotionError(f"{id}: {reason}") from None
        except ValidationError as error:
            reason = f"not a release of schema 1: {first_mistake(error)}"
            raise PromotionError(f"{where}: {reason}") from None
        if (release.id, release.stage) != (id, name):
            reason = f"it says that it is {release.id} of {release.stage}"
            raise PromotionError(f"{where}: not release {id}: {reason}")
        return release, found

    def assembly(self, release: Release) -> bytes:
        """The zip of a release's cloud assembly.

        Raises PromotionError where it is not what was recorded.
        """
        return self._recorded(release, release.assembly.key, release.assembly.sha256)

    @contextmanager
    def unpacked(self, release: Release, target: Stage) -> Iterator[Unpacked]:
        """Unpack a release's assembly for the length of the block, to deploy it to a stage.

        Raises AssemblyError where it does not have that stage in the account of stages.toml.
        """
        with TemporaryDirectory(prefix="berth-") as name:
            folder, place = Path(name), target.settings
            unzip(self.assembly(release), folder, target.project, target.qualifier)
            yield Unpacked(folder, assembly.read(folder, target.name, place.account, place.region))

    def add(self, release: Release, archive: bytes) -> bool:
        """Store a release and its assembly; False where another release has its id by now."""
        # Named by its hash: a second writer writes the same bytes.
        self._put(release.assembly.key, archive, ContentType="application/zip")
        return self._put_document(release, IfNoneMatch="*")

    def add_evidence(self, id: str, found: Verification) -> Release:
        """Append evidence to a release; what others append at the same time stays."""
        while True:
            release, etag = self._trusted(id)
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
        """Store a golden set, or the example without one, under its SHA-256, which is returned."""
        digest = hashlib.sha256(content).hexdigest()
        self._put(_golden_key(digest), content, ContentType="application/jsonlines")
        return digest

    def golden(self, release: Release) -> bytes | None:
        """The golden set of a release; None where its model has none.

        Raises PromotionError where it is not what was recorded.
        """
        return self._golden(release, release.golden)

    def example(self, release: Release) -> bytes | None:
        """The request that is sent to a release without a golden set; None where there is none.

        Raises PromotionError where it is not what was recorded.
        """
        return self._golden(release, release.example)

    def _golden(self, release: Release, sha256: str | None) -> bytes | None:
        return None if sha256 is None else self._recorded(release, _golden_key(sha256), sha256)

    def _recorded(self, release: Release, key: str, sha256: str) -> bytes:
        content = self._get(key).content
        digest = hashlib.sha256(content).hexdigest()
        if digest != sha256:
            raise PromotionError(
                f"s3://{self._bucket}/{key}: its SHA-256 is {digest}, {release.id} was recorded"
                f" with {sha256}; restore that version"
            )
        return content

    def _get(self, key: str) -> "_Stored":
        with in_one_line():
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
            return _Stored(found["Body"].read(), found["ETag"], found["Metadata"])

    def _put_document(self, release: Release, **condition: str) -> bool:
        """Write a release's document; False where the condition does not hold."""
        document = (release.model_dump_json(indent=2) + "\n").encode()
        try:
            self._put(
                _key(release.id),
                document,
                ContentType="application/json",
                Metadata=signing.signed(self._stage, document),
                **condition,
            )
        except CallError as error:
            if error.code in _TAKEN:
                return False
            raise
        return True

    def _put(self, key: str, content: bytes, **options: Any) -> None:
        # S3 computes the checksum of what arrives, and refuses it where the two differ.
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
