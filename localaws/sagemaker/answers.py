"""The runtime's answers, its errors among them, as botocore's model of it has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from localaws import validation
from localaws.json_api import AwsError
from localaws.sagemaker import logs
from localaws.sagemaker.instance import Instance
from localaws.scope import Document, Scope

Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers and body. Header names are in lower case on purpose: MiniStack rewrites
a `Content-Type` to the control plane's, since both APIs are signed as `sagemaker`."""


@dataclass(frozen=True)
class Reply:
    """What came back from a container. Status 0: nothing did, and `body` says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def invalid(message: str) -> AwsError:
    """The runtime's answer to a request that it refuses itself."""
    return AwsError("ValidationError", message)


def model_error(scope: Scope, name: str, instance: Instance, reply: Reply) -> AwsError:
    """What a container's error, or its silence, is to the client."""
    said = reply.body.decode(errors="replace")
    group, stream = logs.group_of(name), logs.stream_of(instance)
    console = f"https://{scope.region}.console.aws.amazon.com/cloudwatch/home"
    kind = "client" if 400 <= reply.status < 500 else "server"
    return AwsError(
        "ModelError",
        f'Received {kind} error ({reply.status}) from primary with message "{said}". '
        f"See {console}?region={scope.region}#logEventViewer:group={group} in account "
        f"{scope.account} for more information.",
        status=424,
        OriginalStatusCode=reply.status,
        OriginalMessage=said,
        LogStreamArn=f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{group}"
        f":log-stream:{quote(stream)}",
    )


def unknown(path: str) -> Answer:
    """The answer to the runtime's other operations."""
    return refused(
        AwsError(
            "UnknownOperationException",
            f"SageMaker on this machine knows InvokeEndpoint and InvokeEndpointAsync, not {path}.",
            status=404,
        )
    )


def refused(error: AwsError) -> Answer:
    """An error as rest-json has it: its name in a header, its members in the body."""
    body = json.dumps({"Message": error.message, **error.extra}).encode()
    return error.status, {"content-type": "application/json", "x-amzn-errortype": error.code}, body


_RUNTIME = "sagemaker-runtime"


def members_of(operation: str, endpoint: str, headers: Mapping[str, str]) -> Document:
    """What botocore's model of `operation` reads from the address and the headers, checked.

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
    except validation.Invalid as error:
        raise invalid(str(error)) from error
    return request
