"""SageMaker's headers of requests and answers (runtime_InvokeEndpoint), in lower case."""

import secrets
from collections.abc import Mapping

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"
SESSION_ID = "x-amzn-sagemaker-session-id"
NEW_SESSION_ID = "x-amzn-sagemaker-new-session-id"
CLOSED_SESSION_ID = "x-amzn-sagemaker-closed-session-id"

# A client knows an answer by them, and a request's lines in the log.
_RETURNED = {CUSTOM_ATTRIBUTES: "custom_attributes", INFERENCE_ID: "inference_id"}


def log_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """What every line that is logged on behalf of a request carries."""
    fields = {"request_id": secrets.token_hex(8)}
    return fields | {_RETURNED[name]: value for name, value in returned(headers).items()}


def returned(headers: Mapping[str, str]) -> dict[str, str]:
    """What of a request's headers is in its answer, as it came."""
    return {name: headers[name] for name in _RETURNED if name in headers}


def for_worker(headers: Mapping[str, str], fields: dict[str, str]) -> dict[str, object]:
    """What a worker is told of a request beside its body."""
    return {
        "content_type": headers.get("content-type"),
        "accept": headers.get("accept"),
        "custom_attributes": headers.get(CUSTOM_ATTRIBUTES),
        "inference_id": headers.get(INFERENCE_ID),
        "log": fields,
    }
