"""One S3 object: calls to it, with errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion.moving import MoveError
from promotion.moving.parts import Part

_READS = 3

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
_PERMISSIONS = {
    # Without s3:ListBucket the response for an object that does not exist is a 403, too.
    "head_object": "s3:GetObject and s3:ListBucket",
    "get_object": "s3:GetObject",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_parts": "s3:ListMultipartUploadParts",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "delete_object": "s3:DeleteObject",
}
_DENIED = ("AccessDenied", "403")


class S3Error(MoveError):
    """A call of S3 failed; `code` is S3's error code, None where S3 was not reached."""

    def __init__(self, text: str, code: str | None) -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_denied(self) -> bool:
        """Whether the credentials do not allow the call."""
        return self.code in _DENIED


@dataclass(frozen=True)
class S3Object:
    """An object, which may not exist yet, and the S3 client that reaches it.

    Every method that calls S3 raises S3Error where the call fails.

    Attributes:
        client: boto3's, of the credentials to use, as aws.stage makes it; several threads call it
            at a time.
        account: who owns the bucket. S3 refuses a bucket of that name that is another account's.
    """

    client: Any
    account: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def call(self, operation: str, **arguments: Any) -> Any:
        """Call S3 for this object."""
        with self._in_one_line(operation):
            return getattr(self.client, operation)(
                Bucket=self.bucket, Key=self.key, ExpectedBucketOwner=self.account, **arguments
            )

    def head(self) -> dict[str, Any] | None:
        """Size, ETag and checksums; None where there is no such object."""
        try:
            found: dict[str, Any] = self.call("head_object", ChecksumMode="ENABLED")
        except S3Error as error:
            if error.code in ("404", "NoSuchKey"):
                return None
            raise
        return found

    def existing(self) -> dict[str, Any]:
        """As `head`; raises MoveError where there is no such object."""
        found = self.head()
        if found is None:
            raise MoveError(f"{self}: no such object in account {self.account}")
        return found

    def read(self, part: Part, etag: str) -> bytes:
        """The bytes of a part of the object with this ETag, read anew where the connection breaks.

        An object with another ETag by now is an S3Error.
        """
        for attempt in range(1, _READS + 1):
            response = self.call("get_object", Range=part.range, IfMatch=etag)
            try:
                with self._in_one_line("get_object"):
                    return bytes(response["Body"].read())
            except S3Error:
                if attempt == _READS:
                    raise
        raise AssertionError

    def uploads(self) -> list[dict[str, Any]]:
        """The unfinished uploads to this key, oldest first."""
        found = self._listed("list_multipart_uploads", "Uploads", Prefix=self.key)
        mine = (one for one in found if one["Key"] == self.key)
        return sorted(mine, key=lambda one: (one["Initiated"], one["UploadId"]))

    def parts(self, upload_id: str) -> list[dict[str, Any]]:
        """The parts of an unfinished upload."""
        return self._listed("list_parts", "Parts", Key=self.key, UploadId=upload_id)

    def abort(self, upload_id: str) -> None:
        """Drop an unfinished upload and its parts."""
        self.call("abort_multipart_upload", UploadId=upload_id)

    def abort_uploads(self) -> None:
        """Drop every unfinished upload to this key."""
        for upload in self.uploads():
            self.abort(upload["UploadId"])

    def _listed(self, operation: str, what: str, **arguments: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator(operation).paginate(
            Bucket=self.bucket, ExpectedBucketOwner=self.account, **arguments
        )
        with self._in_one_line(operation):
            return [one for page in pages for one in page.get(what, [])]

    @contextmanager
    def _in_one_line(self, operation: str) -> Iterator[None]:
        try:
            with in_one_line():
                yield
        except CallError as error:
            raise S3Error(self._reason(operation, error), error.code) from error

    def _reason(self, operation: str, error: CallError) -> str:
        if error.code in _DENIED:
            needed = _PERMISSIONS.get(operation, "s3:PutObject")
            return (
                f"{self}: {operation} is denied in account {self.account}; it needs {needed}, and"
                f" the use of the bucket's KMS key where it has one ({error.reason})"
            )
        if error.code == "NoSuchBucket":
            return f"{self}: no such bucket in account {self.account}: bootstrap it: cdk bootstrap"
        return f"{self}: {error.reason}"


def object_of(stage: Stage, bucket: str, key: str) -> S3Object:
    """An object in a bucket of a stage's account."""
    return S3Object(stage.client("s3"), stage.settings.account, bucket, key)


def content_of(s3: Any, uri: str) -> bytes | None:
    """The bytes of an object, which may be another account's; None where there is none."""
    bucket, key = parted(uri)
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return content


def parted(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
