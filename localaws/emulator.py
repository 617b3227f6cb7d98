"""MiniStack with our services added: the one file that knows its private names (1.5.33).

MiniStack has neither SageMaker nor Application Auto Scaling, and judges alarms too simply. Each
service here is a module with `SERVICE`, `ROUTES`, `handle`, `RESOURCES` (CloudFormation handlers by
type) and `shutdown`.

Only the emulator's own process imports this file, after `isolation.isolate`: MiniStack reads its
environment when it is imported.
"""

import asyncio
import logging
import re
import signal
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app
from ministack.core import responses, router
from ministack.services import ecr, s3
from ministack.services.cloudformation import provisioners, stacks

from localaws import bucket_deployment, flow_logs, iam
from localaws.home import Hold
from localaws.sagemaker.transform import ministack as state_machines
from localaws.schemas import replacing_properties

SERVICES = (
    "localaws.cloudwatch",
    "localaws.saved_queries",
    "localaws.sagemaker",
    "localaws.autoscaling",
)


def serve(hold: Hold, *, until_stdin_closes: bool) -> None:
    """Serve on the held port until SIGTERM or SIGINT; then stop every program we started.

    With `until_stdin_closes` the death of the process that holds the other end of standard input
    ends this one too.
    """
    services = [import_module(name) for name in SERVICES]
    for service in services:
        _install(service)
    provisioners._RESOURCE_HANDLERS.update(flow_logs.RESOURCES | bucket_deployment.RESOURCES)
    state_machines.install()
    ecr._describe_images = _describe_images
    ecr._select_registry_request_scope = _select_registry_scope
    s3._upload_part_copy = _upload_part_copy
    stacks.now_iso = _EventClock()
    if iam.is_enforced():
        iam.install()
    try:
        asyncio.run(_serve(hold, services, until_stdin_closes=until_stdin_closes))
    finally:
        _shut_down(services)


def _shut_down(services: list[ModuleType]) -> None:
    for service in services:
        service.shutdown()


def _install(service: ModuleType) -> None:
    app.SERVICE_HANDLERS[service.SERVICE] = service.handle
    router.SERVICE_PATTERNS[service.SERVICE] = service.ROUTES
    provisioners._RESOURCE_HANDLERS.update(service.RESOURCES)
    for resource_type in service.RESOURCES:
        provisioners._REPLACING_PROPERTIES[resource_type] = replacing_properties(resource_type)

    # Ours wait for programs and call the emulator's own port, which the event loop has to answer.
    blocks = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: (
        resource_type in service.RESOURCES or blocks(resource_type)
    )


class _EventClock:
    """The time, never the same twice, to the millisecond.

    The CDK CLI orders a stack's events by it; several resources are made here in a millisecond.
    """

    def __init__(self) -> None:
        self._lock, self._last = Lock(), datetime.now(UTC)

    def __call__(self) -> str:
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
            return self._last.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_describe_all_images = ecr._describe_images


def _describe_images(request: dict[str, Any]) -> Any:
    """ECR's DescribeImages, which refuses an image that is not there.

    MiniStack's answers with an empty list, from which the CDK CLI takes the image for published.
    """
    name = request.get("repositoryName", "")
    for image in request.get("imageIds") or []:
        if name in ecr._repositories and ecr._find_image(name, image) is None:
            tag, digest = image.get("imageTag", "null"), image.get("imageDigest", "null")
            return responses.error_response_json(
                "ImageNotFoundException",
                f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not"
                f" exist within the repository with name '{name}' in the registry with id"
                f" '{responses.get_account_id()}'",
                400,
            )
    return _describe_all_images(request)


_select_scope_by_host = ecr._select_registry_request_scope
_CDK_REPOSITORY = re.compile(r".+-(?P<account>\d{12})-(?P<region>[a-z]{2}(-[a-z]+)+-\d)")


def _select_registry_scope(name: str | None, headers: Any, query: Any) -> None:
    """Whose repository a registry request is for.

    ECR tells it by the host's name; an engine that pushes to this one knows it as 127.0.0.1. The
    repositories of `cdk bootstrap` carry account and region in their own names.
    """
    _select_scope_by_host(name, headers, query)
    if own := _CDK_REPOSITORY.fullmatch(name or ""):
        responses.set_request_account_id(own["account"])
        responses.set_request_region(own["region"])


def _upload_part_copy(bucket: str, key: str, query: dict[str, Any], headers: Any) -> Any:
    """S3's UploadPartCopy from a bucket of any account that lets the caller read, with checksums.

    MiniStack looks for the source in the caller's account only, though it has judged the source's
    policy by then, and computes no checksum of the part.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyPartResult.html
    """
    source = unquote(headers["x-amz-copy-source"].lstrip("/")).partition("/")
    asked = {"range": "x-amz-copy-source-range", "if-match": "x-amz-copy-source-if-match"}
    conditions = {name: headers[given] for name, given in asked.items() if given in headers}
    caller = responses.get_account_id()
    responses.set_request_account_id(s3._bucket_owner_account(source[0]) or caller)
    try:
        status, found, body = s3._get_object(source[0], source[2], conditions, {})
    finally:
        responses.set_request_account_id(caller)
    if status >= 300:
        return status, found, body
    status, answered, body = s3._upload_part(bucket, key, body, query, {})
    if status >= 300:
        return status, answered, body
    told = {"ETag": answered["ETag"], "LastModified": s3.now_iso()}
    for name, value in answered.items():
        if name.startswith("x-amz-checksum-"):
            told[f"Checksum{name.removeprefix('x-amz-checksum-').upper()}"] = value
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    result = f'<CopyPartResult xmlns="{s3.S3_NS}">{inner}</CopyPartResult>'
    return 200, {"Content-Type": "application/xml"}, result.encode()


async def _serve(hold: Hold, services: list[ModuleType], *, until_stdin_closes: bool) -> None:
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

    await hypercorn_serve(app.app, config, shutdown_trigger=stopped)
    # The loop waits for its threads when it ends: one may be baking a deployment for an hour.
    _shut_down(services)
