"""AddTags, ListTags and DeleteTags, for every kind of resource."""

from localaws.json_api import AwsError
from localaws.sagemaker.state import STORE, Operations
from localaws.scope import Document, Scope

MAX_TAGS = 50
"""botocore's maximum for TagList."""


def add_tags(scope: Scope, request: Document) -> Document:
    """AddTags: the response holds every tag of the resource."""
    kept = _of(scope, request["ResourceArn"])
    added = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    if len({**kept, **added}) > MAX_TAGS:
        raise AwsError.validation(f"A resource can have at most {MAX_TAGS} tags.")
    kept.update(added)
    return {"Tags": _as_list(kept)}


def list_tags(scope: Scope, request: Document) -> Document:
    """ListTags: always one page, since 50 tags are both the limit and the least page."""
    return {"Tags": _as_list(_of(scope, request["ResourceArn"]))}


def delete_tags(scope: Scope, request: Document) -> Document:
    """DeleteTags: missing keys are ignored."""
    kept = _of(scope, request["ResourceArn"])
    for key in request["TagKeys"]:
        kept.pop(key, None)
    return {}


def _of(scope: Scope, arn: str) -> dict[str, str]:
    owner = arn.split(":")[3:5]
    if arn not in STORE.tags or owner != [scope.region, scope.account]:
        raise AwsError.validation(f'Could not find resource "{arn}".')
    return STORE.tags[arn]


def _as_list(kept: dict[str, str]) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in kept.items()]


OPERATIONS: Operations = {
    "AddTags": add_tags,
    "ListTags": list_tags,
    "DeleteTags": delete_tags,
}
