"""SageMaker's headers of requests and responses (runtime_InvokeEndpoint), in lower case."""

import secrets
from collections.abc import Mapping

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"
SESSION_ID = "x-amzn-sagemaker-session-id"
NEW_SESSION_ID = "x-amzn-sagemaker-new-session-id"
CLOSED_SESSION_ID = "x-amzn-sagemaker-closed-session-id"

# Clients use these to match a response, and lines of the log, with their request.
_RETURNED = {CUSTOM_ATTRIBUTES: "custom_attributes", INFERENCE_ID: "inference_id"}


def log_fields(headers: Mapping[str, str], *, custom_attributes: bool) -> dict[str, str]:
    """Return the fields that every log line about this request carries."""
    fields = {"request_id": secrets.token_hex(8)}
    for name, value in returned(headers).items():
        if custom_attributes or name != CUSTOM_ATTRIBUTES:
            fields[_RETURNED[name]] = value
    return fields


def returned(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the request headers that are copied to the response unchanged."""
    return {name: headers[name] for name in _RETURNED if name in headers}


def for_worker(headers: Mapping[str, str], fields: dict[str, str]) -> dict[str, object]:
    """Return what the worker gets of a request besides its body."""
    return {
        "content_type": headers.get("content-type"),
        "accept": headers.get("accept"),
        "custom_attributes": headers.get(CUSTOM_ATTRIBUTES),
        "inference_id": headers.get(INFERENCE_ID),
        "log": fields,
    }
