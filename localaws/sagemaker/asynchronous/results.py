"""The payloads and results of asynchronous invocations in S3, and the messages to SNS topics."""

import base64
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localaws.clients import client
from localaws.sagemaker.artifacts import bucket_and_key
from localaws.sagemaker.asynchronous.request import Request
from localaws.sagemaker.runtime_api import Reply
from localaws.scope import Scope

MAX_RESPONSE_IN_MESSAGE = 128 * 1024
"""A larger response is left out of a message (AsyncInferenceNotificationConfig)."""

_TOPICS = {
    True: ("SuccessTopic", "SUCCESS_NOTIFICATION_TOPIC"),
    False: ("ErrorTopic", "ERROR_NOTIFICATION_TOPIC"),
}


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: the container's response, or the reason of the failure."""

    body: bytes
    content_type: str = "text/plain"
    reason: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the body is the inference."""
        return not self.reason


def outcome_of(reply: Reply) -> Outcome:
    """The outcome that a container's response is."""
    content_type = reply.headers.get("content-type", "application/octet-stream")
    if 200 <= reply.status < 300:
        return Outcome(reply.body, content_type)
    if reply.status == 0:
        return Outcome(reply.body, reason=f"ClientError: {reply.body.decode()}")
    kind = "client" if 400 <= reply.status < 500 else "server"
    reason = (
        f"ClientError: Received {kind} error ({reply.status}) from model. See the SageMaker "
        "Endpoint logs in your account for more information."
    )
    return Outcome(reply.body, content_type, reason)


def payload(scope: Scope, request: Request) -> bytes:
    """The payload of a request; HostingError or boto3's errors where it cannot be read."""
    if not request.location:
        return request.inline
    found: bytes = client(scope, "s3").get_object(**_place(request.location))["Body"].read()
    return found


def store(scope: Scope, request: Request, outcome: Outcome) -> None:
    """Store the outcome at the request's address; boto3's errors where that fails."""
    location = request.output if outcome.succeeded else request.failure
    if location:
        client(scope, "s3").put_object(
            **_place(location), Body=outcome.body, ContentType=outcome.content_type
        )


def notify(scope: Scope, request: Request, outcome: Outcome) -> None:
    """Publish to the outcome's topic, where there is one; boto3's errors where that fails."""
    topic, listed = _TOPICS[outcome.succeeded]
    if topic in request.notifications:
        included = listed in request.notifications.get("IncludeInferenceResponseIn", [])
        message = _message(scope, request, outcome, with_response=included)
        arn = request.notifications[topic]
        client(scope, "sns").publish(TopicArn=arn, Message=json.dumps(message))


def _message(
    scope: Scope, request: Request, outcome: Outcome, *, with_response: bool
) -> dict[str, Any]:
    """After the guide's page on checking prediction results; `responseBody` as its readers have it.

    The guide shows no message with a response in it.
    """
    given = {"accept": "Accept", "contentType": "ContentType", "inputLocation": "InputLocation"}
    message: dict[str, Any] = {
        "awsRegion": scope.region,
        "eventTime": _moment(time.time()),
        "receivedTime": _moment(request.received),
        "invocationStatus": "Completed" if outcome.succeeded else "Failed",
        "requestParameters": {
            "endpointName": request.members["EndpointName"],
            **{name: request.members[its] for name, its in given.items() if its in request.members},
        },
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if outcome.succeeded:
        message["responseParameters"] = {
            "contentType": outcome.content_type,
            "outputLocation": request.output,
        }
    else:
        message["failureReason"] = outcome.reason
        if request.failure:
            message["failureLocation"] = request.failure
    if with_response and len(outcome.body) <= MAX_RESPONSE_IN_MESSAGE:
        message["responseBody"] = {
            "content": base64.b64encode(outcome.body).decode(),
            "encoding": "BASE64",
        }
    return message


def _moment(epoch: float) -> str:
    moment = datetime.fromtimestamp(epoch, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _place(uri: str) -> dict[str, str]:
    bucket, key = bucket_and_key(uri)
    return {"Bucket": bucket, "Key": key}
