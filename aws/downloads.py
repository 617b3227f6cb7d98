"""Objects that an address names, with the credentials of whoever asks."""

from pathlib import Path

import boto3

from aws.errors import in_one_line


def download(address: str, file: Path) -> None:
    """Write the object at `s3://BUCKET/KEY` to a file.

    Raises CallError where it cannot be had.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    with in_one_line():
        boto3.client("s3").download_file(bucket, key, str(file))
