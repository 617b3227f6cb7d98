"""Data capture: a share of the requests and responses, as JSON lines in the emulated S3.

After the developer guide's page on capturing data from real-time endpoints. What is captured is
kept for a second, and then written together: a file for each endpoint, variant and hour.
"""

import base64
import json
import logging
import random
import uuid
from collections import defaultdict
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from localaws.clients import client
from localaws.sagemaker.artifacts import bucket_and_key
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.runtime_api import Reply
from localaws.sagemaker.state import Endpoint, now
from localaws.sagemaker.variant import Variant
from localaws.scope import Document, Scope

_log = logging.getLogger("localaws.sagemaker")


_lines: defaultdict[tuple[Scope, str, str], list[str]] = defaultdict(list)
"""What was captured, by the S3 address that it is written below, and the folder of the hour."""


def record(
    endpoint: Endpoint, variant: Variant, headers: Mapping[str, str], body: bytes, reply: Reply
) -> None:
    """Capture a request and its response, if the configuration and its sampling say so."""
    configuration = endpoint.configurations.get(variant.config, endpoint.configuration)
    config = configuration.get("DataCaptureConfig", {})
    share = config.get("InitialSamplingPercentage", 0) if config.get("EnableCapture", True) else 0
    if random.random() * 100 >= share:  # noqa: S311 - no secret
        return
    moment = now()
    modes = {mode["CaptureMode"] for mode in config["CaptureOptions"]}
    captured: Document = {}
    if modes & {"Input", "InputAndOutput"}:
        captured["endpointInput"] = _side("INPUT", headers.get("content-type", ""), body, config)
    if modes & {"Output", "InputAndOutput"}:
        content_type = reply.headers.get("content-type", "")
        captured["endpointOutput"] = _side("OUTPUT", content_type, reply.body, config)
    metadata = {
        "eventId": str(uuid.uuid4()),
        "inferenceTime": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if inference := headers.get("x-amzn-sagemaker-inference-id"):
        metadata["inferenceId"] = inference
    line = {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}
    uri = f"{config['DestinationS3Uri'].rstrip('/')}/{endpoint.name}/{variant.program.label}"
    _lines[endpoint.scope, uri, f"{moment:%Y/%m/%d/%H}"].append(json.dumps(line))


def store() -> None:
    """Write what was captured since the last time; what cannot be written is lost, with a warning.

    A network call: not for the event loop.
    """
    for scope, uri, hour in list(_lines):
        text = "\n".join(_lines.pop((scope, uri, hour))) + "\n"
        try:
            bucket, prefix = bucket_and_key(uri)
            moment = now()
            written = f"{moment:%M-%S}-{moment.microsecond // 1000:03d}"
            key = f"{prefix}/{hour}/{written}-{uuid.uuid4()}.jsonl"
            client(scope, "s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
        except (BotoCoreError, ClientError, HostingError) as error:
            _log.warning("data capture to %s: %s", uri, error)


def _side(mode: str, content_type: str, body: bytes, config: Document) -> Document:
    """Text of the media types that the configuration names so; BASE64 of all others."""
    named = config.get("CaptureContentTypeHeader", {})
    plain = content_type.partition(";")[0].strip().lower()
    encodings = {"CSV": named.get("CsvContentTypes", []), "JSON": named.get("JsonContentTypes", [])}
    encoding = next((name for name, types in encodings.items() if plain in types), "BASE64")
    try:
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    except UnicodeDecodeError:
        encoding, data = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
