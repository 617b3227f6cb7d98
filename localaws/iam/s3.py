"""S3: the permission to use an encrypted bucket's key, and to learn that an object is missing.

Whoever reads or writes an object of an encrypted bucket needs permission for the bucket's key,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html. Keys that a request
names are not evaluated, and nothing is encrypted here. A missing object is a 404 only to those who
may list the bucket, https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
"""

from collections.abc import Callable
from typing import Any

from localaws.json_api import Response
from localaws.ministack.permissions import s3_action, s3_refusal
from localaws.ministack.services import Handler, add_resources, intercept, resource, scope
from localaws.scope import Document

_READS, _WRITES = ("GetObject", "GetObjectVersion"), ("PutObject",)

_keys: dict[str, tuple[str, bool]] = {}
"""The ARN of a bucket's key, and whether it has a bucket key, by the bucket's name."""


def install() -> None:
    """Learn the keys of buckets from their stacks, and evaluate requests for objects."""
    bucket = resource("AWS::S3::Bucket")
    learning = {
        "create": _learning(bucket["create"], 1),
        "update": _learning(bucket["update"], 2),
    }
    add_resources({"AWS::S3::Bucket": bucket | learning})
    intercept("s3", _evaluating)


def _learning(known: Callable[..., Any], properties: int) -> Callable[..., Any]:
    def make(*arguments: Any) -> Any:
        made = known(*arguments)
        _learn(made[0], arguments[properties])
        return made

    return make


def _learn(bucket: str, properties: Document) -> None:
    _keys.pop(bucket, None)
    encryption = properties.get("BucketEncryption", {})
    for rule in encryption.get("ServerSideEncryptionConfiguration", []):
        # Without one it is the account's own key for S3, which needs no permission.
        if key := rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
            _keys[bucket] = (key, str(rule.get("BucketKeyEnabled", "")).lower() == "true")


def _evaluating(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        bucket, _, name = path.lstrip("/").partition("/")
        if bucket in _keys and name:
            for action in _actions(method, path, headers, query):
                key, context = _use(bucket, name)
                if denied := s3_refusal(headers, query, action, key, context):
                    return denied
        response = await known(method, path, headers, body, query)
        if response[0] != 404 or method not in ("GET", "HEAD") or not name:
            return response
        listed = f"arn:aws:s3:::{bucket}"
        return s3_refusal(headers, query, "s3:ListBucket", listed) or response

    return handle


def _actions(method: str, path: str, headers: dict[str, str], query: Document) -> tuple[str, ...]:
    action = s3_action(method, path, query)
    if action in _WRITES:
        # Parts are put together anew. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        in_parts = "uploads" in query or "uploadId" in query
        return ("kms:GenerateDataKey", "kms:Decrypt") if in_parts else ("kms:GenerateDataKey",)
    # Of an object's head the checksums alone are encrypted.
    if action in _READS and (method == "GET" or "x-amz-checksum-mode" in headers):
        return ("kms:Decrypt",)
    return ()


def _use(bucket: str, name: str) -> tuple[str, Document]:
    """The key of a bucket, and the context in which S3 uses it for an object."""
    key, has_bucket_key = _keys[bucket]
    encrypted = f"arn:aws:s3:::{bucket}" if has_bucket_key else f"arn:aws:s3:::{bucket}/{name}"
    return key, {
        "kms:ViaService": f"s3.{scope().region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": encrypted,
    }
