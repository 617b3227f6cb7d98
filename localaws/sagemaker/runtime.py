"""InvokeEndpoint: an instance's response to a request, returned as SageMaker returns it."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial

import httpx

from localaws.json_api import AwsError, Response
from localaws.sagemaker import capture, metrics, serverless
from localaws.sagemaker.instance import Instance
from localaws.sagemaker.multimodel.invocation import ask, target_of
from localaws.sagemaker.runtime_api import Reply, invalid, model_error, read_request
from localaws.sagemaker.shadow import Mirror
from localaws.sagemaker.state import STORE, Endpoint
from localaws.sagemaker.variant import Variant
from localaws.scope import Scope

MAX_BODY_BYTES = 25 * 2**20
"""Amazon's hosting FAQ gives 25 MB for a real-time payload; botocore's model still says 6,291,456
bytes but its client does not enforce it."""

RESPONSE_SECONDS = 60.0
"""A container has to respond within 60 s (developer guide, your-algorithms-inference-code)."""

ATTEMPTS = 3
"""How many instances are tried for one request, as long as none has received it."""

_PREFIX = "x-amzn-sagemaker-"
_PASSED = ("content-type", "accept")
# httpx would else add values of its own, which no client of SageMaker sent.
_OWN = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "AHC/2.0"}
_RETURNED = (
    "content-type",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-new-session-id",
    "x-amzn-sagemaker-closed-session-id",
)


class Runtime:
    """The runtime API. It belongs to one event loop, that which calls it first."""

    def __init__(self) -> None:
        # Connections are given up before a usual server's own keep-alive (uvicorn: 5 s) ends:
        # else a request may be written into one that is just being closed.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2.0)
        # `ask` limits the time of the response as a whole; httpx's own limits are for its parts.
        self._mirror = Mirror(self.ask)
        self._http = httpx.AsyncClient(limits=limits, timeout=None, trust_env=False)  # noqa: S113 - see above

    async def invoke(
        self, scope: Scope, name: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """InvokeEndpoint. Raises AwsError in the error shapes of botocore's model."""
        started = time.perf_counter()
        if len(body) > MAX_BODY_BYTES:
            raise invalid(f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are allowed.")
        read_request("InvokeEndpoint", name, headers)
        endpoint = in_service(scope, name)
        if "AsyncInferenceConfig" in endpoint.configuration:
            raise invalid(f"Endpoint {name} is asynchronous: call it by InvokeEndpointAsync.")
        variant, instance, reply = await self._reach(endpoint, headers, body)
        self._mirror.copy(scope, name, variant, _forwarded(headers), body)
        metrics.count_invocation(
            metrics.Subject(scope, name, variant.program.label, variant.config),
            status=reply.status or 500,
            instances=len(variant.instances),
            model_seconds=reply.seconds,
            overhead_seconds=time.perf_counter() - started - reply.seconds,
        )
        if not 200 <= reply.status < 300:
            raise model_error(scope, name, instance, reply)
        capture.record(endpoint, variant, headers, body, reply)
        response = {key: reply.headers[key] for key in _RETURNED if key in reply.headers}
        response["x-amzn-invoked-production-variant"] = variant.program.label
        return 200, response, reply.body

    async def _reach(
        self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes
    ) -> tuple[Variant, Instance, Reply]:
        # Asked again where an update changes the fleet under us, and where an instance that has
        # just died refuses the connection: nothing was sent to it.
        for _ in range(ATTEMPTS):
            variant = _variant(endpoint, headers.get(f"{_PREFIX}target-variant"))
            target = target_of(endpoint.name, variant.program.models, headers)
            serverless.check_invocation(endpoint, variant, body)
            instance = variant.admit(target)
            if instance is None:
                continue
            send = partial(self.ask, instance, _forwarded(headers), body, None)
            try:
                if instance.models is None or target is None:
                    return variant, instance, await send()
                subject = metrics.Subject(
                    endpoint.scope, endpoint.name, variant.program.label, variant.config
                )
                return variant, instance, await ask(subject, instance.models, target, send)
            except httpx.ConnectError:
                continue
            finally:
                instance.leave()
        raise AwsError(
            "ServiceUnavailable",
            f"No instance of endpoint {endpoint.name} is healthy: they are being replaced.",
            status=503,
        )

    async def ask(
        self,
        instance: Instance,
        headers: Mapping[str, str],
        body: bytes,
        seconds: float | None = None,
        path: str = "/invocations",
    ) -> Reply:
        """An instance's response within the seconds (60 by default); the caller has entered it.

        Raises httpx.ConnectError where nothing listens.
        """
        url = f"http://127.0.0.1:{instance.port}{path}"
        started = time.perf_counter()
        try:
            async with asyncio.timeout(seconds or RESPONSE_SECONDS):
                got = await self._http.post(url, headers={**_OWN, **headers}, content=body)
        except TimeoutError:
            message = (
                "Your invocation timed out while waiting for a response from container primary. "
                "Review the latency metrics for each container in Amazon CloudWatch, resolve the "
                "issue, and try again."
            )
        except httpx.ConnectError:
            raise
        except httpx.HTTPError as error:
            message = f"The container broke the connection: {type(error).__name__} {error}".strip()
        else:
            return Reply(got.status_code, got.headers, got.content, time.perf_counter() - started)
        return Reply(0, {}, message.encode(), time.perf_counter() - started)


def in_service(scope: Scope, name: str) -> Endpoint:
    """An endpoint that has been brought into service; AwsError (ValidationError) for others."""
    missing = f"Endpoint {name} of account {scope.account} not found."
    try:
        endpoint = STORE.endpoint(scope, name)
    except AwsError:
        raise invalid(missing) from None
    if endpoint.fleet is None or endpoint.status == "Deleting":
        raise invalid(missing)
    return endpoint


def _variant(endpoint: Endpoint, wanted: str | None) -> Variant:
    fleet = endpoint.traffic or endpoint.fleet
    variant = fleet.choose(wanted) if fleet else None
    if variant is None:
        raise invalid(f"Variant {wanted or ''} of endpoint {endpoint.name} not found.")
    return variant


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value for key, value in headers.items() if key in _PASSED or key.startswith(_PREFIX)
    }
