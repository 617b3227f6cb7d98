"""What the operations share: the target that a request names, and pages of a response."""

from localaws.autoscaling import variants
from localaws.autoscaling.registry import Key
from localaws.json_api import AwsError
from localaws.scope import Document, Scope

PAGE = 50
DIMENSIONS = tuple(variants.WHAT)


def key_of(where: Scope, request: Document) -> Key:
    """The target that a request names; AwsError for what is not scaled here."""
    try:
        variants.names(request["ResourceId"])
    except ValueError as error:
        raise AwsError.validation(str(error)) from None
    if request["ServiceNamespace"] != "sagemaker" or request["ScalableDimension"] not in DIMENSIONS:
        raise AwsError.validation(f"localaws scales {' and '.join(DIMENSIONS)} of sagemaker alone.")
    return Key(where, request["ResourceId"], request["ScalableDimension"])


def matches(key: Key, where: Scope, request: Document) -> bool:
    """Whether a describing request asks for this target, among others."""
    return (
        key.scope == where
        and request["ServiceNamespace"] == "sagemaker"
        and request.get("ResourceId", key.resource_id) == key.resource_id
        and request.get("ScalableDimension", key.dimension) == key.dimension
    )


def page(name: str, found: list[Document], request: Document) -> Document:
    """A response with one page of what was found, and the token of the next."""
    try:
        start = int(request.get("NextToken", "0"))
    except ValueError:
        raise AwsError("InvalidNextTokenException", "The NextToken is not valid.") from None
    end = start + min(request.get("MaxResults", PAGE), PAGE)
    response: Document = {name: found[start:end]}
    return response | {"NextToken": str(end)} if end < len(found) else response
