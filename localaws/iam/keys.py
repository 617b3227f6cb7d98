"""KMS: a request acts on the key that its alias names, and conditions know that alias.

The key's own policy is evaluated beside the caller's, as MiniStack does for a key's ARN. So are the
buckets' policies: S3's condition keys of conditional writes are here, and the roles of sessions.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-request-alias
"""

from localaws.iam.resources import document_of
from localaws.ministack import permissions
from localaws.scope import Document

_ALIAS = "alias/"


def install() -> None:
    """Name the key and the conditions of requests."""
    permissions.name_resources(_resource)
    permissions.name_conditions(_conditions)
    permissions.name_conditions_of_writes(_conditional)
    permissions.name_roles()


def _resource(
    service: str, _path: str, _headers: dict[str, str], body: bytes, _place: str
) -> str | None:
    if service != "kms":
        return None
    document = document_of(body)
    named = document.get("KeyId") or document.get("AliasName")
    return permissions.key_arn(str(named)) or permissions.key_arn(str(document.get("TargetKeyId")))


def _conditions(service: str, _action: str, body: bytes) -> Document:
    key = str(document_of(body).get("KeyId", "")) if service == "kms" else ""
    alias = key.rpartition(":")[2]
    return {"kms:RequestAlias": alias} if alias.startswith(_ALIAS) else {}


def _conditional(headers: dict[str, str]) -> Document:
    names = ("if-match", "if-none-match")
    return {f"s3:{name}": headers[name] for name in names if name in headers}
