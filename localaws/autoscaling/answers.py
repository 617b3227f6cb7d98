"""What every operation needs: who is asked for, refusals in AWS's words, pages of answers."""

from typing import Any

from localaws.autoscaling import variants
from localaws.autoscaling.registry import Key
from localaws.scope import Scope

PAGE = 50
DIMENSIONS = tuple(variants.WHAT)

Members = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """An answer that is an error: AWS's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> Refused:
    """A ValidationException."""
    return Refused("ValidationException", message)


def key_of(where: Scope, request: Members) -> Key:
    """The target that a request names; Refused for what is not scaled here."""
    try:
        variants.names(request["ResourceId"])
    except ValueError as error:
        raise invalid(str(error)) from None
    if request["ServiceNamespace"] != "sagemaker" or request["ScalableDimension"] not in DIMENSIONS:
        raise invalid(f"localaws scales {' and '.join(DIMENSIONS)} of sagemaker alone.")
    return Key(where, request["ResourceId"], request["ScalableDimension"])


def matches(key: Key, where: Scope, request: Members) -> bool:
    """Whether a describing request asks for this target, among others."""
    return (
        key.scope == where
        and request["ServiceNamespace"] == "sagemaker"
        and request.get("ResourceId", key.resource_id) == key.resource_id
        and request.get("ScalableDimension", key.dimension) == key.dimension
    )


def page(name: str, found: list[Members], request: Members) -> Members:
    """An answer with one page of what was found, and the token of the next."""
    try:
        start = int(request.get("NextToken", "0"))
    except ValueError:
        raise Refused("InvalidNextTokenException", "The NextToken is not valid.") from None
    end = start + min(request.get("MaxResults", PAGE), PAGE)
    answer: Members = {name: found[start:end]}
    return answer | {"NextToken": str(end)} if end < len(found) else answer
