"""A request to an asynchronous endpoint, and the queue that it waits in."""

import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localaws.sagemaker.runtime_api import invalid, read_request

TTL_SECONDS = 21_600
TIMEOUT_SECONDS = 900
"""InvokeEndpointAsync's own defaults (API reference)."""

MAX_INLINE_BYTES = 128_000
"""What a request may carry itself, in place of an InputLocation (API reference)."""

_FORWARDED = {
    "ContentType": "content-type",
    "Accept": "accept",
    "CustomAttributes": "x-amzn-sagemaker-custom-attributes",
}


@dataclass(eq=False)
class Request:
    """One request, from its arrival to its end.

    notifications: the NotificationConfig that held when it came; output, failure: S3 addresses,
    empty where the endpoint's configuration has no such path; received: epoch seconds.
    """

    members: dict[str, Any]
    inline: bytes
    inference_id: str
    output: str
    failure: str
    notifications: Mapping[str, Any]
    received: float = field(default_factory=time.time)

    @property
    def ttl(self) -> float:
        """How old it may become in the queue, in seconds."""
        return float(self.members.get("RequestTTLSeconds", TTL_SECONDS))

    @property
    def timeout(self) -> float:
        """How long the container may take, in seconds."""
        return float(self.members.get("InvocationTimeoutSeconds", TIMEOUT_SECONDS))

    @property
    def location(self) -> str:
        """The payload's S3 address; empty where the request carried it."""
        return str(self.members.get("InputLocation", ""))

    @property
    def headers(self) -> dict[str, str]:
        """What the container gets."""
        named = {
            header: self.members[member]
            for member, header in _FORWARDED.items()
            if member in self.members
        }
        return {**named, "x-amzn-sagemaker-inference-id": self.inference_id}


def parse(
    config: Mapping[str, Any], endpoint: str, headers: Mapping[str, str], body: bytes
) -> Request:
    """The request of an InvokeEndpointAsync; AwsError (ValidationError) where it is wrong.

    config: the endpoint's AsyncInferenceConfig.
    """
    members = read_request("InvokeEndpointAsync", endpoint, headers)
    if ("InputLocation" in members) == bool(body):
        raise invalid("Exactly one of InputLocation and Body must be provided.")
    if len(body) > MAX_INLINE_BYTES:
        raise invalid(f"The body has {len(body)} bytes; at most {MAX_INLINE_BYTES} are allowed.")
    paths, unique = config["OutputConfig"], str(uuid.uuid4())
    output = _under(
        paths.get("S3OutputPath"),
        members.get("S3OutputPathExtension", ""),
        members.get("Filename", f"{unique}.out"),
    )
    return Request(
        members=members,
        inline=body,
        inference_id=members.get("InferenceId", str(uuid.uuid4())),
        output=output,
        failure=_under(paths.get("S3FailurePath"), f"{unique}-error.out"),
        notifications=paths.get("NotificationConfig", {}),
    )


def _under(path: str | None, *parts: str) -> str:
    if not path:
        return ""
    return "/".join(part.strip("/") for part in (path, *parts) if part)


@dataclass
class Backlog:
    """The requests that wait, oldest first, and those that an instance works on."""

    waiting: deque[Request] = field(default_factory=deque)
    processing: set[Request] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many have no response yet; AWS counts those in work, too."""
        return len(self.waiting) + len(self.processing)

    def age(self, now: float) -> float:
        """Seconds since the oldest of them came; 0 where there is none."""
        received = [one.received for one in (*self.waiting, *self.processing)]
        return now - min(received) if received else 0.0

    def take_expired(self, now: float) -> list[Request]:
        """Take out those that have waited for longer than they may."""
        expired = [one for one in self.waiting if now - one.received > one.ttl]
        for one in expired:
            self.waiting.remove(one)
        return expired
