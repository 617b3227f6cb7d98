"""Sending a request to a stage's endpoint, as its mode requires."""

import time
from threading import Event

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion import PromotionError
from promotion.moving.s3 import content_of
from promotion.release import Release
from stacks.stage_plan import MODES, Mode

CALLERS = 64
"""The most requests that are under way at one time."""

# A real-time invocation that takes more than 60 s ends with an error.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
_RESPONSE_SECONDS = 70
# InvokeEndpointAsync's own InvocationTimeoutSeconds; an instance may have to start first.
_RESULT_SECONDS = 900
_LOOK_SECONDS = 0.1
_JSON = {"ContentType": "application/json", "Accept": "application/json"}


class FailedError(Exception):
    """The endpoint did not answer a request; the text is one line, without what the model said.

    It goes into the evidence, and a model's words often quote a text of the golden set.
    """


def refuse_unverifiable(what: str, mode: Mode) -> None:
    """Raise PromotionError where releases of this mode cannot be verified where they run."""
    if mode.unverifiable:
        raise PromotionError(f"{what}: cannot be verified: {mode.unverifiable}")


def mode_of(release: Release) -> Mode:
    """The mode that a release was deployed in.

    Raises PromotionError where this version of Berth does not know it.
    """
    name = str(release.settings["mode"])
    if name not in MODES:
        raise PromotionError(
            f"{release.id}: mode {name!r} is not known here; use the version that recorded it"
        )
    return MODES[name]


class Endpoint:
    """The endpoint of a stage, for many threads at once.

    `stopped` ends waiting for the results of an asynchronous endpoint.

    Raises PromotionError where the release's mode has no endpoint that can be verified.
    """

    def __init__(self, stage: Stage, release: Release, stopped: Event) -> None:
        mode = mode_of(release)
        refuse_unverifiable(release.id, mode)
        # Without retries, which would hide errors.
        self._runtime = stage.client(
            "sagemaker-runtime",
            retries={"total_max_attempts": 1},
            max_pool_connections=CALLERS,
            read_timeout=_RESPONSE_SECONDS,
        )
        self._s3 = stage.client("s3")
        self._request = {"EndpointName": stage.names.endpoint, **_JSON}
        if mode.has_components:
            self._request["InferenceComponentName"] = stage.names.component
        self._is_async, self._stopped = mode.has_queue, stopped
        self._patience: float = _RESULT_SECONDS

    def invoke(self, body: bytes) -> bytes:
        """Send a request, and return the body of its response.

        Raises FailedError where the endpoint does not answer it, AwsError where the credentials
        are at fault.
        """
        try:
            with in_one_line():
                if self._is_async:
                    accepted = self._runtime.invoke_endpoint_async(**self._request, Body=body)
                    return self._result(accepted)
                response: bytes = self._runtime.invoke_endpoint(**self._request, Body=body)[
                    "Body"
                ].read()
        except CallError as error:
            is_the_endpoints = error.is_unanswered or error.code is not None
            if error.is_callers() or not is_the_endpoints:
                raise
            raise FailedError(_reason(error)) from None
        return response

    def _result(self, accepted: dict[str, str]) -> bytes:
        """The result of an asynchronous endpoint, as soon as it is in S3."""
        failure = accepted.get("FailureLocation")
        until = time.monotonic() + self._patience
        while time.monotonic() < until and not self._stopped.wait(_LOOK_SECONDS):
            result = content_of(self._s3, accepted["OutputLocation"])
            if result is not None:
                return result
            if failure and content_of(self._s3, failure) is not None:
                raise FailedError("the model failed, and its log says why")
        self._patience = 0  # the other results are not waited for again
        raise FailedError(f"no result within {_RESULT_SECONDS} s")


def _reason(error: CallError) -> str:
    # ModelError's message has the body of the model's response.
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    if error.code != "ModelError":
        return error.reason
    return f"ModelError: the model answered {error.model_status}, and its log says why"
