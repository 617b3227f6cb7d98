"""The key of an encrypted bucket: who reads or writes an object uses it, as S3 asks KMS to.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html

A bucket's own key is meant, not one that a request names. Nothing is encrypted here.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, responses, router
from ministack.services.cloudformation import provisioners

from localaws.iam.judge import refusal

Answer = tuple[int, dict[str, str], bytes]
Document = dict[str, Any]

_READS, _WRITES = ("GetObject", "GetObjectVersion"), ("PutObject",)

_keys: dict[str, tuple[str, bool]] = {}
"""The ARN of a bucket's key, and whether it has a bucket key, by the bucket's name."""


def install() -> None:
    """Learn the keys of buckets from their stacks, and judge their use."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"] = {
        **handlers,
        "create": _learning(handlers["create"], 1),
        "update": _learning(handlers["update"], 2),
    }
    app.SERVICE_HANDLERS["s3"] = _judging(app.SERVICE_HANDLERS["s3"])


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


def _judging(known: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Any:
        bucket, _, name = path.lstrip("/").partition("/")
        if bucket in _keys and name:
            for action in _actions(method, path, headers, query):
                key = router.extract_access_key_id(headers, query)
                if said := _refusal(key, action, bucket, name):
                    denied: Answer = iam_actions.access_denied_response(
                        "s3", action, "", str(uuid.uuid4()), message=said, headers=headers
                    )
                    return denied
        return await known(method, path, headers, body, query)

    return handle


def _actions(method: str, path: str, headers: dict[str, str], query: Document) -> tuple[str, ...]:
    s3_action = iam_actions._s3_action(method, path, query)
    if s3_action in _WRITES:
        # Parts are put together anew. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        in_parts = "uploads" in query or "uploadId" in query
        return ("kms:GenerateDataKey", "kms:Decrypt") if in_parts else ("kms:GenerateDataKey",)
    # Of an object's head the checksums alone are encrypted.
    if s3_action in _READS and (method == "GET" or "x-amz-checksum-mode" in headers):
        return ("kms:Decrypt",)
    return ()


def _refusal(access_key: str, action: str, bucket: str, name: str) -> str | None:
    key, has_bucket_key = _keys[bucket]
    encrypted = f"arn:aws:s3:::{bucket}" if has_bucket_key else f"arn:aws:s3:::{bucket}/{name}"
    context = {
        "kms:ViaService": f"s3.{responses.get_region()}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": encrypted,
    }
    return refusal(access_key, action, key, context)
