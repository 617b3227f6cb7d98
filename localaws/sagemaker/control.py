"""The control plane: `X-Amz-Target: SageMaker.<Operation>`, JSON 1.1."""

import json
from collections.abc import Callable
from datetime import datetime

from localaws import validation
from localaws.sagemaker import endpoints, models, packages, tags
from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.transform import operations
from localaws.scope import Document, Scope

Operation = Callable[[Scope, Document], Document]
Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers and body."""

_JSON = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Operation] = {
    **models.OPERATIONS,
    **packages.OPERATIONS,
    **endpoints.OPERATIONS,
    **tags.OPERATIONS,
    **operations.OPERATIONS,
}


def call(scope: Scope, name: str, request: Document) -> Document:
    """Carry out one operation and return its answer's members; AwsError where AWS refuses."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise AwsError(
            "UnknownOperationException",
            f"SageMaker on this machine does not know {name!r}. "
            f"It knows {', '.join(sorted(OPERATIONS))}.",
        )
    try:
        validation.validate("sagemaker", name, request)
    except validation.Invalid as error:
        raise AwsError.validation(str(error)) from error
    return operation(scope, request)


def answer(scope: Scope, name: str, body: bytes) -> Answer:
    """The HTTP answer of one operation; AwsError where AWS refuses."""
    return 200, {"Content-Type": _JSON}, encode(call(scope, name, parse(body)))


def refused(error: AwsError) -> Answer:
    """An error as JSON 1.1 has it: its name and message in the body."""
    body = encode({"__type": error.code, "message": error.message})
    return error.status, {"Content-Type": _JSON, "x-amzn-errortype": error.code}, body


def parse(body: bytes) -> Document:
    """The JSON object of a request's body; SerializationException where it is none."""
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The body is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "The body is no JSON object.")
    return request


def encode(answer: object) -> bytes:
    """An answer as JSON; moments become epoch seconds, as JSON 1.1 has them."""
    return json.dumps(answer, default=_epoch_seconds).encode()


def _epoch_seconds(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
