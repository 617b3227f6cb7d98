"""MiniStack's HTTP server, and what is mended in its S3, its stacks and its EC2."""

import asyncio
import json
import logging
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app
from ministack.core import responses
from ministack.services import cloudwatch_logs, ec2, s3
from ministack.services.cloudformation import stacks

from localaws.home import Hold
from localaws.ministack import ecr
from localaws.ministack.services import add_resources, resource
from localaws.scope import Document


def install() -> None:
    """Mend what the CDK CLI and CDK's own stacks need."""
    ecr.install()
    s3._upload_part_copy = _upload_part_copy
    stacks.now_iso = _EventClock()
    # Every property of a flow log but Tags replaces it, so there is no update.
    flow_log = {"create": _create_flow_log, "delete": lambda one, _: ec2._flow_logs.pop(one, None)}
    add_resources({"AWS::EC2::FlowLog": flow_log})
    create = resource("AWS::Logs::LogGroup")["create"]
    resource("AWS::Logs::LogGroup")["create"] = partial(_create_log_group, create)


async def serve(
    hold: Hold,
    guarded: Callable[[Any, int], Any],
    background: Coroutine[Any, Any, None],
    shut_down: Callable[[], None],
    *,
    until_stdin_closes: bool,
) -> None:
    """Serve on the held port, `guarded`, until SIGTERM or SIGINT, then call `shut_down`.

    `background` runs meanwhile.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        loop.add_reader(sys.stdin, stop.set)
    config = Config()
    config.bind = [f"fd://{hold.listener.detach()}"]  # hypercorn closes it
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1

    async def stopped() -> None:
        await stop.wait()
        hold.withdraw()

    running = loop.create_task(background)
    await hypercorn_serve(guarded(app.app, hold.port), config, shutdown_trigger=stopped)
    running.cancel()
    # The loop waits for its threads when it ends: one may be baking a deployment for an hour.
    shut_down()


class _EventClock:
    """The time to the millisecond, and never the same twice.

    The CDK CLI orders a stack's events by it; several resources are made here in a millisecond.
    """

    def __init__(self) -> None:
        self._lock, self._last = Lock(), datetime.now(UTC)

    def __call__(self) -> str:
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
            return self._last.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _upload_part_copy(bucket: str, key: str, query: Document, headers: Any) -> Any:
    """S3's UploadPartCopy from a bucket of any account that lets the caller read, with checksums.

    MiniStack looks for the source in the caller's account only, though it has evaluated the policy
    of the source by then, and computes no checksum of the part.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyPartResult.html
    """
    source = unquote(headers["x-amz-copy-source"].lstrip("/")).partition("/")
    names = {"range": "x-amz-copy-source-range", "if-match": "x-amz-copy-source-if-match"}
    conditions = {name: headers[given] for name, given in names.items() if given in headers}
    caller = responses.get_account_id()
    responses.set_request_account_id(s3._bucket_owner_account(source[0]) or caller)
    try:
        status, found, body = s3._get_object(source[0], source[2], conditions, {})
    finally:
        responses.set_request_account_id(caller)
    if status >= 300:
        return status, found, body
    status, uploaded, body = s3._upload_part(bucket, key, body, query, {})
    if status >= 300:
        return status, uploaded, body
    result = {"ETag": uploaded["ETag"], "LastModified": s3.now_iso()}
    for name, value in uploaded.items():
        if name.startswith("x-amz-checksum-"):
            result[f"Checksum{name.removeprefix('x-amz-checksum-').upper()}"] = value
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in result.items())
    document = f'<CopyPartResult xmlns="{s3.S3_NS}">{inner}</CopyPartResult>'
    return 200, {"Content-Type": "application/xml"}, document.encode()


def _create_log_group(
    create: Callable[..., Any], logical_id: str, properties: Document, stack: str
) -> Any:
    """A stack's new log group; ValueError where the name is taken.

    MiniStack would put an empty group in the place of the existing one.
    """
    name = properties.get("LogGroupName")
    if name in cloudwatch_logs._log_groups:
        identifier = json.dumps({"/properties/LogGroupName": name}, separators=(",", ":"))
        raise ValueError(
            f"Resource of type 'AWS::Logs::LogGroup' with identifier '{identifier}' already exists."
        )
    return create(logical_id, properties, stack)


def _create_flow_log(_logical_id: str, properties: Document, _stack: str) -> Any:
    """A flow log in a stack, which MiniStack has in EC2's API only. It records nothing."""
    flow_log = f"fl-{secrets.token_hex(9)[:17]}"
    ec2._flow_logs[flow_log] = {
        "FlowLogId": flow_log,
        "ResourceId": properties["ResourceId"],
        "ResourceType": properties["ResourceType"],
        "TrafficType": properties.get("TrafficType", "ALL"),
        "LogDestinationType": properties.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": properties.get("LogDestination") or properties.get("LogGroupName", ""),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": responses.now_iso(),
    }
    return flow_log, {"Id": flow_log}
