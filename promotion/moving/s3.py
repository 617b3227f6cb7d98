"""One S3 object: calls to it, with errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aws.errors import CallError, in_one_line
from promotion.moving.parts import Part
from promotion.moving.result import MoveError

_READS = 3

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
_PERMISSIONS = {
    # Without s3:ListBucket an object that is not there is a 403, too.
    "head_object": "s3:GetObject and s3:ListBucket",
    "get_object": "s3:GetObject",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_parts": "s3:ListMultipartUploadParts",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "delete_object": "s3:DeleteObject",
}
_DENIED = ("AccessDenied", "403")
_GONE = ("404", "NoSuchKey")


@dataclass(frozen=True)
class S3Object:
    """An object, there or not yet, and the S3 client that reaches it.

    Attributes:
        client: boto3's, of the credentials to use, as aws.stage makes it; several threads call it
            at a time.
        account: who owns the bucket. S3 refuses a bucket of that name that is another's.
    """

    client: Any
    account: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def call(self, operation: str, **arguments: Any) -> Any:
        """Call S3 for this object.

        Raises:
            MoveError: from the CallError where S3 refuses.
        """
        with self._refused_as(operation):
            return getattr(self.client, operation)(
                Bucket=self.bucket, Key=self.key, ExpectedBucketOwner=self.account, **arguments
            )

    def head(self) -> dict[str, Any] | None:
        """Size, ETag and checksums; None where there is no such object.

        Raises:
            MoveError: as `call`.
        """
        try:
            found: dict[str, Any] = self.call("head_object", ChecksumMode="ENABLED")
        except MoveError as error:
            if error_code(error) in _GONE:
                return None
            raise
        return found

    def existing(self) -> dict[str, Any]:
        """As `head`.

        Raises:
            MoveError: as `call`, and where there is no such object.
        """
        found = self.head()
        if found is None:
            raise MoveError(f"{self}: no such object in account {self.account}")
        return found

    def read(self, part: Part, etag: str) -> bytes:
        """The bytes of a part, read anew where the connection breaks.

        Raises:
            MoveError: as `call`, and where the object is no longer the one of `etag`.
        """
        for attempt in range(1, _READS + 1):
            response = self.call("get_object", Range=part.range, IfMatch=etag)
            try:
                with self._refused_as("get_object"):
                    return bytes(response["Body"].read())
            except MoveError:
                if attempt == _READS:
                    raise
        raise AssertionError

    def uploads(self) -> list[dict[str, Any]]:
        """The unfinished uploads to this key, oldest first.

        Raises:
            MoveError: as `call`.
        """
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=self.key, ExpectedBucketOwner=self.account
        )
        with self._refused_as("list_multipart_uploads"):
            found = [one for page in pages for one in page.get("Uploads", [])]
        mine = (one for one in found if one["Key"] == self.key)
        return sorted(mine, key=lambda one: (one["Initiated"], one["UploadId"]))

    def parts(self, upload_id: str) -> list[dict[str, Any]]:
        """The parts of an unfinished upload.

        Raises:
            MoveError: as `call`.
        """
        pages = self.client.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id, ExpectedBucketOwner=self.account
        )
        with self._refused_as("list_parts"):
            return [one for page in pages for one in page.get("Parts", [])]

    def abort(self, upload_id: str) -> None:
        """Drop an unfinished upload and its parts.

        Raises:
            MoveError: as `call`.
        """
        self.call("abort_multipart_upload", UploadId=upload_id)

    def abort_uploads(self) -> None:
        """Drop all of them.

        Raises:
            MoveError: as `call`.
        """
        for upload in self.uploads():
            self.abort(upload["UploadId"])

    @contextmanager
    def _refused_as(self, operation: str) -> Iterator[None]:
        try:
            with in_one_line():
                yield
        except CallError as error:
            raise self._refusal(operation, error) from error

    def _refusal(self, operation: str, error: CallError) -> MoveError:
        if error.code in _DENIED:
            needed = _PERMISSIONS.get(operation, "s3:PutObject")
            return MoveError(
                f"{self}: {operation} is denied in account {self.account}; it needs {needed}, and"
                f" the use of the bucket's KMS key where it has one ({error.reason})"
            )
        if error.code == "NoSuchBucket":
            return MoveError(
                f"{self}: no such bucket in account {self.account}: bootstrap it: cdk bootstrap"
            )
        return MoveError(f"{self}: {error.reason}")


def parted(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def error_code(error: MoveError) -> str | None:
    """S3's code for what it refused; None where it was not S3 that did."""
    cause = error.__cause__
    return cause.code if isinstance(cause, CallError) else None


def is_denied(error: MoveError) -> bool:
    """Whether the credentials may not do that."""
    return error_code(error) in _DENIED
