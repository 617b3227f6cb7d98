"""Our side, a process of its own: prints the most memory that it had, in KiB.

`python -m bench.moving.ours object URL ACCOUNT BUCKET ACCOUNT BUCKET KEY WHOLE PARTS` copies the
object `model`, `... image URL URL NAME DIGEST` the image `model`.
"""

import os
import sys
from pathlib import Path
from typing import Any

import boto3

from aws.stage import CONFIG
from promotion.moving.images import copy_image
from promotion.moving.objects import copy_object
from promotion.moving.parts import Digests
from promotion.moving.registry import Repository
from promotion.moving.s3 import S3Object

MODEL = "model"


VARIABLE = "LOCALAWS_SECRET"
"""The variable with the emulator's secret access key."""


def s3_client(url: str, account: str) -> Any:
    """Of an emulated account, whose id is the key of its credentials."""
    session = boto3.Session(account, os.environ[VARIABLE], region_name="eu-central-1")
    return session.client("s3", endpoint_url=url, config=CONFIG)


def main(kind: str, url: str, *rest: str) -> None:
    """Copy one thing."""
    if kind == "object":
        account, bucket, target_account, target_bucket, key, whole, parts = rest
        source = S3Object(s3_client(url, account), account, bucket, MODEL)
        target = S3Object(s3_client(url, target_account), target_account, target_bucket, key)
        copy_object(source, target, digests=Digests(whole, parts))
    else:
        target_url, name, digest = rest
        copy_image(Repository(url, MODEL), Repository(target_url, name), digest=digest, tag=MODEL)
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
