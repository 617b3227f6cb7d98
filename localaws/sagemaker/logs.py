"""A container's output in the emulated CloudWatch Logs."""

import contextlib
import logging
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws import clients
from localaws.sagemaker.instance import Instance
from localaws.scope import Scope

EVERY_SECONDS = 1.0

MAX_EVENTS, MAX_CHARACTERS = 1_000, 200_000
"""The most of one call; PutLogEvents allows 10,000 events and 1 MiB."""

_log = logging.getLogger("localaws.sagemaker")


def group_of(endpoint: str) -> str:
    """The log group that SageMaker gives an endpoint."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def stream_of(instance: Instance) -> str:
    """The log stream of an instance."""
    return f"{instance.program.label}/{instance.id}"


def put(scope: Scope, group: str, stream: str, lines: list[str]) -> None:
    """Write a new stream of an existing group."""
    client = clients.client(scope, "logs")
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    _put(client, {"logGroupName": group, "logStreamName": stream}, lines)


def ship(scope: Scope, group: str, instance: Instance) -> None:
    """Copy an instance's log from a thread of its own, until the instance has ended."""
    threading.Thread(
        target=_ship, args=[scope, group, instance], name=f"logs-{instance.id}", daemon=True
    ).start()


def _ship(scope: Scope, group: str, instance: Instance) -> None:
    try:
        client = clients.client(scope, "logs")
        named = {"logGroupName": group, "logStreamName": stream_of(instance)}
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=named["logGroupName"])
        client.create_log_stream(**named)
        with instance.log.open(errors="replace") as log:
            ended = False
            while not ended:
                ended = instance.exited.wait(EVERY_SECONDS)
                while lines := log.readlines(MAX_CHARACTERS):
                    _put(client, named, lines)
    except (BotoCoreError, ClientError) as error:
        _log.warning("the log of %s is no longer copied: %s", instance.id, error)


def _put(client: Any, named: dict[str, str], lines: list[str]) -> None:
    moment = int(time.time() * 1000)
    events = [{"timestamp": moment, "message": line.rstrip("\n")} for line in lines if line.strip()]
    for start in range(0, len(events), MAX_EVENTS):
        client.put_log_events(**named, logEvents=events[start : start + MAX_EVENTS])
