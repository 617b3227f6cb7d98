"""The members of a runtime request, which travel in its headers."""

from collections.abc import Mapping

from localaws import validation
from localaws.sagemaker.answers import invalid
from localaws.scope import Document

_SERVICE = "sagemaker-runtime"


def members_of(operation: str, endpoint: str, headers: Mapping[str, str]) -> Document:
    """What botocore's model of `operation` reads from the address and the headers, checked.

    Raises AwsError (ValidationError). The body is left to the caller: its limit in the model is
    not always the one that holds.
    """
    request: Document = {"EndpointName": endpoint}
    shape = validation.service_model(_SERVICE).operation_model(operation).input_shape
    for member, its in shape.members.items():  # type: ignore[union-attr]
        if its.serialization.get("location") == "header":
            value = headers.get(its.serialization["name"].lower())
            if value is not None:
                request[member] = value
    request = validation.coerce(_SERVICE, shape.name, request)  # type: ignore[union-attr]
    required = {"Body": b""} if "Body" in shape.required_members else {}  # type: ignore[union-attr]
    try:
        validation.validate(_SERVICE, operation, required | request)
    except validation.Invalid as error:
        raise invalid(str(error)) from error
    return request
