"""A model, from one emulated account's bucket to another's, beside `aws s3 cp`.

Two cases. Where the target's credentials may not read the source, `aws s3 cp` takes two processes
and a pipe, each with its own account's credentials. Where they may, S3 copies the parts itself, and
is asked for their SHA-256 by both programs.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.environments import environment
from bench.moving.measure import ROOT, Case, Command, CopyError
from bench.moving.ours import MODEL, VARIABLE, s3_client
from localaws import home, lifecycle
from promotion.moving.parts import Digests
from stacks.settings import load

_BLOCK = 2**20
SOURCE, TARGET, GRANTED = "222222222222", "333333333333", "111111111111"
_MAY_READ = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{GRANTED}:root"},
            "Action": ["s3:GetObject", "s3:GetObjectTagging"],
            "Resource": f"arn:aws:s3:::assets-{SOURCE}/*",
        }
    ],
}


@contextmanager
def objects(folder: Path, size: int) -> Iterator[list[Case]]:
    """Both cases, for an object of `size` bytes, on an emulator that ends with the block.

    Raises:
        SetupError: where the AWS CLI cannot be installed.
    """
    aws = str(environment(Path(__file__).with_name("awscli.txt")) / "aws")
    with lifecycle.running(folder, load(ROOT / "stages.toml")) as emulator:
        os.environ[VARIABLE] = emulator.secret
        digests = _fill(emulator.url, folder / MODEL, size)
        yield [
            Case(
                title=title,
                size=size,
                ours=partial(_ours, emulator.url, target, digests),
                peer_name=name,
                peer=partial(peer, emulator.url, aws, size),
                servers=[home.process_id(folder) or 0],
                remove=partial(_remove, emulator.url, target, size),
            )
            for title, target, name, peer in (
                ("object, sent", TARGET, "aws s3 cp | aws s3 cp", _piped),
                ("object, copied by S3", GRANTED, "aws s3 cp --checksum-algorithm SHA256", _copied),
            )
        ]


def _fill(url: str, file: Path, size: int) -> Digests:
    """Make the buckets, and put an object of random bytes into the source's."""
    for account in (SOURCE, TARGET, GRANTED):
        where = {"LocationConstraint": "eu-central-1"}
        client = s3_client(url, account)
        client.create_bucket(Bucket=f"assets-{account}", CreateBucketConfiguration=where)
    left = size
    with file.open("wb") as written:
        while left:
            left -= written.write(os.urandom(min(_BLOCK, left)))
    source = s3_client(url, SOURCE)
    source.upload_file(str(file), f"assets-{SOURCE}", MODEL)
    source.put_bucket_policy(Bucket=f"assets-{SOURCE}", Policy=json.dumps(_MAY_READ))
    with file.open("rb") as content:
        digests = Digests.of(iter(lambda: content.read(_BLOCK), b""), size)
    file.unlink()
    return digests


def _ours(url: str, target: str, digests: Digests, name: str) -> list[Command]:
    places = [SOURCE, f"assets-{SOURCE}", target, f"assets-{target}"]
    program = [sys.executable, "-m", "bench.moving.ours", "object"]
    secret = {VARIABLE: os.environ[VARIABLE]}
    return [Command([*program, url, *places, name, digests.whole, digests.parts], secret)]


def _piped(url: str, aws: str, size: int, name: str) -> list[Command]:
    from_source = [f"s3://assets-{SOURCE}/{MODEL}", "-"]
    to_target = ["-", f"s3://assets-{TARGET}/{name}", "--expected-size", str(size)]
    return [_aws(url, aws, SOURCE, from_source), _aws(url, aws, TARGET, to_target)]


def _copied(url: str, aws: str, _size: int, name: str) -> list[Command]:
    places = [f"s3://assets-{SOURCE}/{MODEL}", f"s3://assets-{GRANTED}/{name}"]
    return [_aws(url, aws, GRANTED, [*places, "--checksum-algorithm", "SHA256"])]


def _aws(url: str, aws: str, account: str, arguments: list[str]) -> Command:
    environment = {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": os.environ[VARIABLE],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": url,
    }
    return Command([aws, "s3", "cp", "--quiet", *arguments], environment)


def _remove(url: str, target: str, size: int, name: str) -> None:
    client, place = s3_client(url, target), {"Bucket": f"assets-{target}", "Key": name}
    if client.head_object(**place)["ContentLength"] != size:
        raise CopyError(f"s3://{place['Bucket']}/{name} has not {size} bytes")
    client.delete_object(**place)
