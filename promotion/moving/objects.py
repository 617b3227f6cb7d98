"""S3 objects copied from one account's bucket to another's, each proven by its SHA-256.

S3 knows no SHA-256 of an object that was uploaded in parts, only that of each part, which it
computes as the part arrives, and of these together. A release has the same of the object that was
tested (`Digests.parts`). Only where the two are equal is the upload completed: the target's key
never names other bytes. An object of one part is put with its SHA-256, which S3 checks.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

Where the target's credentials may read the source, S3 copies the parts itself, and nothing is read
or sent from here. Otherwise the parts are read and sent, each with its SHA-256.

An object in the target is not read where S3 knows it by the release's SHA-256.

Memory: 4 parts of 8 MiB at a time, each held twice while it arrives.
Encryption: the target bucket's own default.
docs/promotion-permissions.md says what source and target have to allow.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from promotion.moving import Moved, MoveError, OnBytes, Planned, ignore_bytes
from promotion.moving.parts import Digests, Part, combined, parts_of
from promotion.moving.s3 import S3Error, S3Object
from promotion.moving.threads import in_parallel


def plan_object(source: S3Object, target: S3Object, *, digests: Digests) -> Planned:
    """What `copy_object` would do; nothing is written.

    Raises MoveError where the source has no such object, or a call is refused.
    """
    size: int = source.existing()["ContentLength"]
    return Planned(size, 0 if holds(target, digests=digests, size=size) else size)


def copy_object(
    source: S3Object, target: S3Object, *, digests: Digests, on_bytes: OnBytes = ignore_bytes
) -> Moved:
    """Copy `source` to `target`, unless an object of these digests is there.

    Killed and called again, it goes on with the parts that are there; what is left of uploads to
    the target's key by others is aborted. One call for one target at a time.

    Raises MoveError where a call is refused, or the source is not there or not of these digests;
    the target's object is then as it was before.
    """
    found = source.existing()
    size: int = found["ContentLength"]
    if holds(target, digests=digests, size=size):
        target.abort_uploads()
        on_bytes(size)
        return Moved(size)
    upload = _Upload(source, target, found["ETag"], on_bytes)
    parts = parts_of(size, digests.part_size)
    if len(parts) <= 1:
        return upload.put_whole(size, digests.whole)
    return upload.put_parts(parts, digests.parts)


def holds(target: S3Object, *, digests: Digests, size: int) -> bool:
    """Whether an object of these digests and of this size in bytes is there.

    Raises MoveError where a call is refused.
    """
    found = target.head()
    if found is None or found["ContentLength"] != size:
        return False
    sha256, is_whole = s3_sha256(found)
    if is_whole:
        return sha256 == digests.whole
    if sha256 == digests.parts:
        return True
    parts, etag = parts_of(size, digests.part_size), found["ETag"]
    read = in_parallel(parts, lambda part: hashlib.sha256(target.read(part, etag)).digest())
    return combined(read) == digests.parts


def s3_sha256(found: dict[str, Any]) -> tuple[str | None, bool]:
    """The SHA-256 in a response of HeadObject, and whether it is of the whole, not of the parts."""
    sha256, _, _ = found.get("ChecksumSHA256", "").partition("-")
    is_whole = bool(sha256) and found.get("ChecksumType") == "FULL_OBJECT"
    return b64decode(sha256).hex() or None, is_whole


class _Upload:
    """One object that is being copied."""

    def __init__(self, source: S3Object, target: S3Object, etag: str, on_bytes: OnBytes) -> None:
        self._source, self._target, self._etag = source, target, etag
        self._on_bytes = on_bytes
        self._id, self._there = "", dict[int, dict[str, Any]]()
        self._may_copy = True
        self._sent, self._copied = dict[int, int](), dict[int, int]()

    def put_whole(self, size: int, sha256: str) -> Moved:
        """Put the object in one request."""
        data = self._source.read(Part(1, 0, size - 1), self._etag) if size else b""
        if (found := hashlib.sha256(data).hexdigest()) != sha256:
            raise self._is_other("SHA-256", found, sha256)
        self._target.call("put_object", Body=data, ChecksumSHA256=_base64(bytes.fromhex(sha256)))
        self._target.abort_uploads()
        self._on_bytes(size)
        return Moved(size, sent=size)

    def put_parts(self, parts: list[Part], expected: str) -> Moved:
        """Put the parts that are not there yet; `expected` is their `Digests.parts`."""
        self._resume()
        done = in_parallel(parts, self._put)
        found = combined(b64decode(part["ChecksumSHA256"]) for part in done)
        if found != expected:
            self._target.abort(self._id)
            raise self._is_other("SHA-256 by parts", found, expected)
        self._target.call(
            "complete_multipart_upload", UploadId=self._id, MultipartUpload={"Parts": done}
        )
        size = sum(part.size for part in parts)
        return Moved(size, sum(self._sent.values()), sum(self._copied.values()))

    def _resume(self) -> None:
        """Continue the newest upload whose parts have a SHA-256, and abort all others."""
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

    def _put(self, part: Part) -> dict[str, Any]:
        """Bring a part to the target; the result is for CompleteMultipartUpload."""
        had = self._there.get(part.number)
        done = None if had else self._copy(part)
        if done is None:
            data = self._source.read(part, self._etag)
            digest = _base64(hashlib.sha256(data).digest())
            # A part that a killed run has left may have other bytes.
            done = had if had and had["ChecksumSHA256"] == digest else None
            done = done or self._send(part, data, digest)
        self._on_bytes(part.size)
        return done

    def _copy(self, part: Part) -> dict[str, Any] | None:
        """Let S3 copy a part; None where that is denied, or the response has no SHA-256."""
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
        except S3Error as error:
            if not error.is_denied:
                raise
            self._may_copy = False
            return None
        if "ChecksumSHA256" not in result:
            return None
        self._copied[part.number] = part.size
        return _named(part.number, result)

    def _send(self, part: Part, data: bytes, digest: str) -> dict[str, Any]:
        place = {"UploadId": self._id, "PartNumber": part.number}
        result = self._target.call("upload_part", **place, Body=data, ChecksumSHA256=digest)
        self._sent[part.number] = part.size
        return _named(part.number, {"ETag": result["ETag"], "ChecksumSHA256": digest})

    def _is_other(self, what: str, found: str, expected: str) -> MoveError:
        return MoveError(
            f"{self._source}: its {what} is {found}, the release's is {expected}; it was"
            " overwritten, and nothing was moved: restore the version that was released"
        )


def _named(number: int, part: dict[str, Any]) -> dict[str, Any]:
    """A part as CompleteMultipartUpload takes it; S3 refuses it with another SHA-256."""
    return {"PartNumber": number} | {name: part[name] for name in ("ETag", "ChecksumSHA256")}


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
