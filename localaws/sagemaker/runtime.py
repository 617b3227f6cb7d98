"""InvokeEndpoint: a request handed to an instance, its answer handed back as SageMaker's."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from localaws import validation
from localaws.sagemaker import logs, metrics
from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.fleet import Variant
from localaws.sagemaker.instance import Instance
from localaws.sagemaker.state import STORE, Endpoint, Scope

MAX_BODY_BYTES = 25 * 2**20
"""Amazon's hosting FAQ gives 25 MB for a real-time payload; botocore's model still says 6,291,456
bytes but its client does not enforce it."""

RESPONSE_SECONDS = 60.0
"""A container has to answer within 60 s (developer guide, your-algorithms-inference-code)."""

_PREFIX = "x-amzn-sagemaker-"
_PASSED = ("content-type", "accept")
_ANSWERED = (
    "content-type",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-new-session-id",
    "x-amzn-sagemaker-closed-session-id",
)

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


class Runtime:
    """The runtime API. It belongs to one event loop, that which calls it first."""

    def __init__(self) -> None:
        # Connections are given up before a usual server's own keep-alive (uvicorn: 5 s) ends:
        # else a request may be written into one that is just being closed.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2.0)
        self._http = httpx.AsyncClient(limits=limits, timeout=RESPONSE_SECONDS, trust_env=False)

    async def invoke(
        self, scope: Scope, name: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """InvokeEndpoint. Raises AwsError in the error shapes of botocore's model."""
        started = time.perf_counter()
        _check(name, headers, body)
        endpoint = _in_service(scope, name)
        variant, instance = _admit(endpoint, headers.get(f"{_PREFIX}target-variant"))
        try:
            reply = await self._ask(instance, _forwarded(headers), body)
        finally:
            instance.leave()
        metrics.record(
            metrics.Subject(scope, name, variant.program.label),
            status=reply.status or 500,
            instances=len(variant.instances),
            model_seconds=reply.seconds,
            overhead_seconds=time.perf_counter() - started - reply.seconds,
        )
        if not 200 <= reply.status < 300:
            raise _model_error(scope, name, instance, reply)
        answer = {key: reply.headers[key] for key in _ANSWERED if key in reply.headers}
        answer["x-amzn-invoked-production-variant"] = variant.program.label
        return 200, answer, reply.body

    async def _ask(self, instance: Instance, headers: dict[str, str], body: bytes) -> Reply:
        url = f"http://127.0.0.1:{instance.port}/invocations"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                got = await self._http.post(url, headers=headers, content=body)
        except TimeoutError:
            said = (
                "Your invocation timed out while waiting for a response from container primary. "
                "Review the latency metrics for each container in Amazon CloudWatch, resolve the "
                "issue, and try again."
            )
        except httpx.HTTPError as error:
            said = f"The container broke the connection: {type(error).__name__} {error}".strip()
        else:
            return Reply(got.status_code, got.headers, got.content, time.perf_counter() - started)
        return Reply(0, {}, said.encode(), time.perf_counter() - started)


def _check(name: str, headers: Mapping[str, str], body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise _invalid(f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are allowed.")
    # The body's own limit in the model is not the one that holds: see MAX_BODY_BYTES.
    request: dict[str, object] = {"EndpointName": name, "Body": b""}
    operation = validation.service_model("sagemaker-runtime").operation_model("InvokeEndpoint")
    for member, shape in operation.input_shape.members.items():  # type: ignore[union-attr]
        if shape.serialization.get("location") == "header":
            value = headers.get(shape.serialization["name"].lower())
            if value is not None:
                request[member] = value
    try:
        validation.validate("sagemaker-runtime", "InvokeEndpoint", request)
    except validation.Invalid as error:
        raise _invalid(str(error)) from error


def _in_service(scope: Scope, name: str) -> Endpoint:
    missing = f"Endpoint {name} of account {scope.account} not found."
    try:
        endpoint = STORE.endpoint(scope, name)
    except AwsError:
        raise _invalid(missing) from None
    if endpoint.fleet is None or endpoint.status == "Deleting":
        raise _invalid(missing)
    return endpoint


def _admit(endpoint: Endpoint, wanted: str | None) -> tuple[Variant, Instance]:
    # A second look: an update may have changed the fleet between the look and the entering.
    for _ in range(2):
        fleet = endpoint.fleet
        variant = fleet.choose(wanted) if fleet else None
        if variant is None:
            raise _invalid(f"Variant {wanted or ''} of endpoint {endpoint.name} not found.")
        instance = variant.admit()
        if instance is not None:
            return variant, instance
    raise AwsError(
        "ServiceUnavailable",
        f"No instance of endpoint {endpoint.name} is healthy: they are being replaced.",
        status=503,
    )


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    passed = {
        key: value for key, value in headers.items() if key in _PASSED or key.startswith(_PREFIX)
    }
    # httpx would else add its own wishes, which no client of SageMaker sent.
    return {"accept": "*/*", "accept-encoding": "identity", "user-agent": "AHC/2.0", **passed}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _model_error(scope: Scope, name: str, instance: Instance, reply: Reply) -> AwsError:
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
            f"SageMaker on this machine knows InvokeEndpoint alone, not {path}.",
            status=404,
        )
    )


def refused(error: AwsError) -> Answer:
    """An error as rest-json has it: its name in a header, its members in the body."""
    body = json.dumps({"Message": error.message, **error.extra}).encode()
    return error.status, {"content-type": "application/json", "x-amzn-errortype": error.code}, body
