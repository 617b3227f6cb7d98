"""The other services, spoken to as on AWS: boto3 on the emulator's own port."""

import os
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import boto3
from ministack.core.responses import get_account_id, get_region

_creating = Lock()


@dataclass(frozen=True)
class Scope:
    """An account and a region."""

    account: str
    region: str


def scope() -> Scope:
    """The account and region of the request, or of the stack, that is being worked on."""
    return Scope(get_account_id(), get_region())


def client(service: str, where: Scope) -> Any:
    """A client in that account and region; safe to share between threads."""
    with _creating:  # creating is not
        return _client(service, where)


@cache
def _client(service: str, where: Scope) -> Any:
    return boto3.Session().client(
        service,  # type: ignore[call-overload]
        region_name=where.region,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        aws_access_key_id=where.account,
        aws_secret_access_key="local",  # noqa: S106 - any secret is right
    )
