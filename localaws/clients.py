"""boto3 clients of this emulator: its services call each other as on AWS, on its own port."""

import os
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

import boto3

from localaws.home import HOST
from localaws.scope import Scope

_creating = Lock()


def url() -> str:
    """The address of this process's emulator."""
    return f"http://{HOST}:{os.environ['GATEWAY_PORT']}"


def secret() -> str:
    """The secret access key of every account of this process's emulator."""
    return os.environ["AWS_SECRET_ACCESS_KEY"]


def client(scope: Scope, service: str) -> Any:
    """A client that acts as the scope's account; threads may share it.

    An access key ID of 12 digits is the account itself to MiniStack; all have the one secret.
    """
    with _creating:  # boto3 cannot create clients in several threads at once
        return _client(scope, service)


def keys(scope: Scope, bucket: str, prefix: str) -> Iterator[str]:
    """The keys of a bucket that begin with a prefix; botocore's errors where it has none."""
    pages = client(scope, "s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]


@cache
def _client(scope: Scope, service: str) -> Any:
    return boto3.Session().client(
        service,  # type: ignore[call-overload]
        region_name=scope.region,
        endpoint_url=url(),
        aws_access_key_id=scope.account,
        aws_secret_access_key=secret(),
    )
