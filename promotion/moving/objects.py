"""S3 objects from one account's bucket to another's, proven by SHA-256 before they have a name.

What is proven, and how. S3 knows no SHA-256 of an object that was uploaded in parts, only that of
each part, computed by itself as the part arrives. So the source is always read here, once, and two
things are held together: the SHA-256 of the whole that was read is the expected one, and S3's of
each part in the target is that of the bytes read at its place. Only then is the upload completed:
the target's key never names other bytes. An object of one part is put with its SHA-256, which S3
checks. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

Where the target's credentials may read the source, S3 copies the parts itself, and nothing is sent
from here; what is read is the price of the proof. Otherwise the parts that were read are sent.

An object that is there already is believed where S3 itself knows its SHA-256; else it is read.

Memory: 4 parts of 8 MiB at a time, each held twice while it arrives.
Encryption: the target bucket's own default.
docs/promotion-permissions.md says what source and target have to allow.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from promotion.moving.outcome import Moved, MoveError, OnBytes, Planned, ignore_bytes
from promotion.moving.parts import PART_SIZE, Part, parts_of
from promotion.moving.reading import read_in_parallel
from promotion.moving.s3 import S3Object, is_denied


def plan_object(source: S3Object, target: S3Object, *, sha256: str) -> Planned:
    """What `copy_object` would do; nothing is written.

    Raises:
        MoveError: where the source has no such object, or a call is refused.
    """
    size: int = source.existing()["ContentLength"]
    return Planned(size, 0 if holds(target, sha256=sha256, size=size) else size)


def copy_object(
    source: S3Object,
    target: S3Object,
    *,
    sha256: str,
    on_bytes: OnBytes = ignore_bytes,
    part_size: int = PART_SIZE,
) -> Moved:
    """Copy `source` to `target`, unless it is there.

    Killed and called again, it goes on with the parts that are there; what is left of uploads to
    the target's key by others is aborted. One call for one target at a time.

    Args:
        sha256: of the whole, in hexadecimal.
        part_size: bytes; S3 takes no less than 5 MiB.

    Raises:
        MoveError: where the source is not there or not of that SHA-256 (the target is as it was),
            or a call is refused.
    """
    found = source.existing()
    size: int = found["ContentLength"]
    if holds(target, sha256=sha256, size=size):
        target.abort_uploads()
        on_bytes(size)
        return Moved(size)
    on_its_way = _Upload(source, target, found["ETag"], on_bytes)
    if size <= part_size:
        return on_its_way.put_whole(size, sha256)
    return on_its_way.put_parts(parts_of(size, part_size), sha256)


def holds(target: S3Object, *, sha256: str, size: int) -> bool:
    """Whether an object is there with this SHA-256 and size in bytes.

    Raises:
        MoveError: where a call is refused.
    """
    found = target.head()
    if found is None or found["ContentLength"] != size:
        return False
    if found.get("ChecksumType") == "FULL_OBJECT" and "ChecksumSHA256" in found:
        return b64decode(found["ChecksumSHA256"]).hex() == sha256
    parts = parts_of(size, PART_SIZE)
    return read_in_parallel(target, found["ETag"], parts, lambda _part, _data: None) == sha256


class _Upload:
    """One object on its way."""

    def __init__(self, source: S3Object, target: S3Object, etag: str, on_bytes: OnBytes) -> None:
        self._source, self._target, self._etag = source, target, etag
        self._on_bytes = on_bytes
        self._id, self._there = "", dict[int, dict[str, Any]]()
        self._may_copy = True
        self._sent, self._copied = dict[int, int](), dict[int, int]()

    def put_whole(self, size: int, sha256: str) -> Moved:
        """In one request."""
        data = self._source.read(Part(1, 0, size - 1), self._etag) if size else b""
        self._check(hashlib.sha256(data).hexdigest(), sha256)
        self._target.call("put_object", Body=data, ChecksumSHA256=_base64(bytes.fromhex(sha256)))
        self._target.abort_uploads()
        self._on_bytes(size)
        return Moved(size, sent=size)

    def put_parts(self, parts: list[Part], sha256: str) -> Moved:
        """In parts, those that are there left out."""
        self._resume()
        found = read_in_parallel(self._source, self._etag, parts, self._put)
        try:
            self._check(found, sha256)
        except MoveError:
            self._target.abort(self._id)
            raise
        done = [self._there[part.number] for part in parts]
        self._target.call(
            "complete_multipart_upload", UploadId=self._id, MultipartUpload={"Parts": done}
        )
        size = sum(part.size for part in parts)
        return Moved(size, sum(self._sent.values()), sum(self._copied.values()))

    def _resume(self) -> None:
        """Take up the newest upload that has parts with a SHA-256, and abort all others."""
        for upload in reversed(self._target.uploads()):
            found = [] if self._id else self._target.parts(upload["UploadId"])
            if found and all("ChecksumSHA256" in part for part in found):
                self._id = upload["UploadId"]
                named = (_named(part["PartNumber"], part) for part in found)
                self._there = {part["PartNumber"]: part for part in named}
            else:
                self._target.abort(upload["UploadId"])
        if not self._id:
            self._id = self._target.call("create_multipart_upload", ChecksumAlgorithm="SHA256")[
                "UploadId"
            ]

    def _put(self, part: Part, data: bytes) -> None:
        digest = _base64(hashlib.sha256(data).digest())
        if self._there.get(part.number, {}).get("ChecksumSHA256") != digest:
            self._there[part.number] = self._copy(part, digest) or self._send(part, data, digest)
        self._on_bytes(part.size)

    def _copy(self, part: Part, digest: str) -> dict[str, Any] | None:
        """Let S3 copy a part; None where it may not, or does not say that it is the same."""
        if not self._may_copy:
            return None
        try:
            result = self._target.call(
                "upload_part_copy",
                UploadId=self._id,
                PartNumber=part.number,
                CopySource={"Bucket": self._source.bucket, "Key": self._source.key},
                CopySourceRange=part.range,
                CopySourceIfMatch=self._etag,
                ExpectedSourceBucketOwner=self._source.account,
            )["CopyPartResult"]
        except MoveError as error:
            if not is_denied(error):
                raise
            self._may_copy = False
            return None
        if result.get("ChecksumSHA256") != digest:
            return None
        self._copied[part.number] = part.size
        return _named(part.number, result)

    def _send(self, part: Part, data: bytes, digest: str) -> dict[str, Any]:
        result = self._target.call(
            "upload_part",
            UploadId=self._id,
            PartNumber=part.number,
            Body=data,
            ChecksumSHA256=digest,
        )
        self._sent[part.number] = part.size
        return _named(part.number, {"ETag": result["ETag"], "ChecksumSHA256": digest})

    def _check(self, found: str, expected: str) -> None:
        if found != expected:
            raise MoveError(
                f"{self._source}: its SHA-256 is {found}, the release's is {expected}; it was"
                " written over, and nothing was moved: restore the version that was released"
            )


def _named(number: int, part: dict[str, Any]) -> dict[str, Any]:
    """A part as CompleteMultipartUpload takes it; S3 refuses it with another SHA-256."""
    return {
        "PartNumber": number,
        "ETag": part["ETag"],
        "ChecksumSHA256": part["ChecksumSHA256"],
    }


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
