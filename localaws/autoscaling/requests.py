"""What the operations share: the target that a request names, and descriptions in pages."""

from collections.abc import Iterable

from localaws.autoscaling import variants
from localaws.autoscaling.registry import Key
from localaws.json_api import AwsError, refuse
from localaws.scope import Document, Scope

PAGE = 50
DIMENSIONS = tuple(variants.WHAT)


def key_of(where: Scope, request: Document) -> Key:
    """The target that a request names; AwsError for what is not scaled here."""
    variants.names(request["ResourceId"])
    refuse(
        request["ServiceNamespace"] != "sagemaker"
        or request["ScalableDimension"] not in DIMENSIONS,
        f"localaws scales {' and '.join(DIMENSIONS)} of sagemaker alone.",
    )
    return Key(where, request["ResourceId"], request["ScalableDimension"])


def described(
    member: str,
    found: Iterable[tuple[Key, str, Document]],
    where: Scope,
    request: Document,
    names: str = "",
) -> Document:
    """The response of a describing request: a page of the documents that it asks for.

    found: each document with its target and its name; names: the member with the wanted names.
    """
    wanted = request.get(names)
    documents = [
        document
        for key, name, document in found
        if key.scope == where
        and request["ServiceNamespace"] == "sagemaker"
        and request.get("ResourceId", key.resource_id) == key.resource_id
        and request.get("ScalableDimension", key.dimension) == key.dimension
        and (not wanted or name in wanted)
    ]
    try:
        start = int(request.get("NextToken", "0"))
    except ValueError:
        raise AwsError("InvalidNextTokenException", "The NextToken is not valid.") from None
    end = start + min(request.get("MaxResults", PAGE), PAGE)
    response: Document = {member: documents[start:end]}
    return response | {"NextToken": str(end)} if end < len(documents) else response
