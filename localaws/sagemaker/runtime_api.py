"""The runtime's HTTP, as botocore's model has it: request headers read, responses and errors made.

Header names of responses are in lower case on purpose: MiniStack rewrites a `Content-Type` to the
control plane's, since both APIs are signed as `sagemaker`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from localaws import validation
from localaws.json_api import AwsError, Response
from localaws.sagemaker import logs
from localaws.sagemaker.instance import Instance
from localaws.scope import Document, Scope


@dataclass(frozen=True)
class Reply:
    """A container's response; with status 0 there was none, and `body` gives the reason."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def invalid(message: str) -> AwsError:
    """The error for a request that the runtime refuses itself."""
    return AwsError("ValidationError", message)


def model_error(scope: Scope, name: str, instance: Instance, reply: Reply) -> AwsError:
    """The client's error where the container responds with an error, or not at all."""
    message = reply.body.decode(errors="replace")
    group, stream = logs.group_of(name), logs.stream_of(instance)
    console = f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home"
    kind = "client" if 400 <= reply.status < 500 else "server"
    return AwsError(
        "ModelError",
        f'Received {kind} error ({reply.status}) from primary with message "{message}". '
        f"See {console}?region={scope.region}#logEventViewer:group={group} in account "
        f"{scope.account} for more information.",
        status=424,
        OriginalStatusCode=reply.status,
        OriginalMessage=message,
        LogStreamArn=f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{group}"
        f":log-stream:{quote(stream)}",
    )


def refused(error: AwsError) -> Response:
    """An error in the rest-json protocol: its name in a header, its members in the body."""
    body = json.dumps({"Message": error.message, **error.extra}).encode()
    return error.status, {"content-type": "application/json", "x-amzn-errortype": error.code}, body


_RUNTIME = "sagemaker-runtime"


def read_request(operation: str, endpoint: str, headers: Mapping[str, str]) -> Document:
    """The members of a request that are in its headers, checked against botocore's model.

    Raises AwsError (ValidationError). The body is left to the caller: its limit in the model is
    not always the one that holds.
    """
    request: Document = {"EndpointName": endpoint}
    shape = validation.service_model(_RUNTIME).operation_model(operation).input_shape
    for member, its in shape.members.items():  # type: ignore[union-attr]
        if its.serialization.get("location") == "header":
            value = headers.get(its.serialization["name"].lower())
            if value is not None:
                request[member] = value
    request = validation.coerce(_RUNTIME, shape.name, request)  # type: ignore[union-attr]
    required = {"Body": b""} if "Body" in shape.required_members else {}  # type: ignore[union-attr]
    try:
        validation.validate(_RUNTIME, operation, required | request)
    except AwsError as error:
        raise invalid(error.message) from error
    return request
