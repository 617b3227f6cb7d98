"""SageMaker's headers of requests and answers (runtime_InvokeEndpoint), in lower case."""

import secrets
from collections.abc import Mapping

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"
SESSION_ID = "x-amzn-sagemaker-session-id"
NEW_SESSION_ID = "x-amzn-sagemaker-new-session-id"
CLOSED_SESSION_ID = "x-amzn-sagemaker-closed-session-id"


def log_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """What every line that is logged on behalf of a request carries."""
    fields = {"request_id": secrets.token_hex(8)}
    for name, key in ((INFERENCE_ID, "inference_id"), (CUSTOM_ATTRIBUTES, "custom_attributes")):
        if name in headers:
            fields[key] = headers[name]
    return fields


def for_worker(headers: Mapping[str, str], fields: dict[str, str]) -> dict[str, object]:
    """What a worker is told of a request beside its body."""
    return {
        "content_type": headers.get("content-type"),
        "accept": headers.get("accept"),
        "custom_attributes": headers.get(CUSTOM_ATTRIBUTES),
        "inference_id": headers.get(INFERENCE_ID),
        "log": fields,
    }
