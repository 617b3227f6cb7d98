"""Objects from one account to another, through the emulator's S3."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from promotion.moving import Moved, MoveError, Planned
from promotion.moving.objects import copy_object, holds, plan_object
from promotion.moving.parts import Digests
from promotion.moving.s3 import S3Object
from tests.localaws.conftest import TestEmulator
from tests.promotion.moving.conftest import SOURCE, TARGET

pytestmark = pytest.mark.slow

PART = 64 * 1024  # MiniStack takes parts that S3 would find too small
OTHER = Digests("00" * 32, "00" * 32, PART)


def given_bytes(place: S3Object, size: int) -> tuple[bytes, Digests]:
    data = hashlib.shake_128(str(size).encode()).digest(size)
    place.client.put_object(Bucket=place.bucket, Key=place.key, Body=data)
    return data, Digests.of([data], size, PART)


def stored(place: S3Object) -> bytes:
    return bytes(place.client.get_object(Bucket=place.bucket, Key=place.key)["Body"].read())


def let_target_read(source: S3Object) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{TARGET}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{source.bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    source.client.put_bucket_policy(Bucket=source.bucket, Policy=json.dumps(policy))


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 3 * PART, 9 * PART + 17])
@pytest.mark.parametrize("granted", [False, True])
def test_the_targets_object_is_the_sources_whatever_its_size(
    source: S3Object, target: S3Object, size: int, granted: bool
) -> None:
    data, digests = given_bytes(source, size)
    if granted:
        let_target_read(source)
    told: list[int] = []
    moved = copy_object(source, target, digests=digests, on_bytes=told.append)
    by_s3 = granted and size > PART
    assert moved == Moved(size, sent=0 if by_s3 else size, copied=size if by_s3 else 0)
    assert stored(target) == data
    assert sum(told) == size
    assert target.uploads() == []


@pytest.mark.parametrize("size", [PART, 3 * PART])
def test_what_is_there_is_not_moved_again(source: S3Object, target: S3Object, size: int) -> None:
    _, digests = given_bytes(source, size)
    assert plan_object(source, target, digests=digests) == Planned(size, missing=size)
    copy_object(source, target, digests=digests)
    assert plan_object(source, target, digests=digests) == Planned(size, missing=0)
    told: list[int] = []
    again = copy_object(source, target, digests=digests, on_bytes=told.append)
    assert again == Moved(size)
    assert sum(told) == size


def test_what_s3_copies_and_what_it_knows_is_not_read(source: S3Object, target: S3Object) -> None:
    data, digests = given_bytes(source, 3 * PART)
    let_target_read(source)
    asked: list[str] = []
    for place in (source, target):
        events = place.client.meta.events
        events.register("before-call.s3", lambda model, **_: asked.append(model.name))
    copy_object(source, target, digests=digests)
    assert holds(target, digests=digests, size=len(data))
    assert asked.count("UploadPartCopy") == 3
    assert "GetObject" not in asked


def test_what_is_there_in_other_parts_is_read(source: S3Object, target: S3Object) -> None:
    data, digests = given_bytes(source, 3 * PART)
    copy_object(source, target, digests=Digests.of([data], len(data), 2 * PART))
    assert holds(target, digests=digests, size=len(data))


@pytest.mark.parametrize("size", [PART, 3 * PART])
def test_other_bytes_of_the_same_size_under_the_targets_key_are_replaced(
    source: S3Object, target: S3Object, size: int
) -> None:
    data, digests = given_bytes(source, size)
    other = bytes(size)
    target.client.put_object(Bucket=target.bucket, Key=target.key, Body=other)
    assert not holds(target, digests=digests, size=size)
    copy_object(source, target, digests=digests)
    assert stored(target) == data


@pytest.mark.parametrize("size", [PART, 3 * PART])
@pytest.mark.parametrize("granted", [False, True])
def test_changed_bytes_in_the_source_never_have_a_name_in_the_target(
    source: S3Object, target: S3Object, size: int, granted: bool
) -> None:
    if granted:
        let_target_read(source)
    given_bytes(source, size)
    with pytest.raises(
        MoveError, match=rf"{source}: its SHA-256( by parts)? is .*, the release's is 00"
    ):
        copy_object(source, target, digests=OTHER)
    assert target.head() is None
    assert target.uploads() == []


@pytest.mark.parametrize("granted", [False, True])
def test_an_object_that_changes_on_the_way_is_noticed_at_once(
    source: S3Object, target: S3Object, granted: bool
) -> None:
    if granted:
        let_target_read(source)
    _, digests = given_bytes(source, 9 * PART)

    def change(_count: int) -> None:
        source.client.put_object(Bucket=source.bucket, Key=source.key, Body=bytes(9 * PART))

    with pytest.raises(MoveError, match="PreconditionFailed"):
        copy_object(source, target, digests=digests, on_bytes=change)
    assert target.head() is None


def test_what_the_source_has_not_is_one_line(source: S3Object, target: S3Object) -> None:
    with pytest.raises(MoveError, match=rf"{source}: no such object in account {SOURCE}"):
        copy_object(source, target, digests=OTHER)


def test_a_denied_call_names_what_it_needs(emulator: TestEmulator, source: S3Object) -> None:
    given_bytes(source, 10)
    foreign = S3Object(emulator.client("s3", TARGET), SOURCE, source.bucket, source.key)
    with pytest.raises(MoveError, match=r"head_object is denied .* s3:GetObject and s3:ListBucket"):
        copy_object(foreign, source, digests=OTHER)


KILLED = """
import os, signal, sys, threading, boto3
from promotion.moving.objects import copy_object
from promotion.moving.parts import Digests
from promotion.moving.s3 import S3Object
url, secret, source, target, whole, parts, part_size, last = sys.argv[1:]

def place(account, bucket):
    client = boto3.Session().client("s3", region_name="eu-central-1", endpoint_url=url,
        aws_access_key_id=account, aws_secret_access_key=secret)
    return S3Object(client, account, bucket, "0123abcd.gz")

done, lock = 0, threading.Lock()

def on_bytes(count):
    global done
    with lock:
        done += count
        if done >= int(last):
            os.kill(os.getpid(), signal.SIGKILL)

copy_object(place("222222222222", source), place("333333333333", target),
            digests=Digests(whole, parts, int(part_size)), on_bytes=on_bytes)
"""


def killed_copy(
    emulator: TestEmulator, source: S3Object, target: S3Object, digests: Digests, root: Path
) -> None:
    """A process that copies, killed once half of the twenty parts are in place."""
    where = [emulator.url, emulator.running.secret]
    wanted = [digests.whole, digests.parts, str(digests.part_size)]
    arguments = [*where, source.bucket, target.bucket, *wanted, str(10 * PART)]
    result = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=root, check=False)
    assert result.returncode == -signal.SIGKILL


@pytest.mark.parametrize("granted", [False, True])
def test_a_killed_copy_goes_on_with_the_parts_that_are_there(
    emulator: TestEmulator, source: S3Object, target: S3Object, root: Path, granted: bool
) -> None:
    size = 20 * PART + 5
    data, digests = given_bytes(source, size)
    if granted:
        let_target_read(source)
    killed_copy(emulator, source, target, digests, root)
    assert target.head() is None
    assert len(target.uploads()) == 1
    moved = copy_object(source, target, digests=digests)
    assert 0 < moved.sent + moved.copied <= size - 10 * PART
    assert stored(target) == data
    assert target.uploads() == []


def test_a_killed_copys_wrong_parts_are_replaced(
    emulator: TestEmulator, source: S3Object, target: S3Object, root: Path
) -> None:
    _, before = given_bytes(source, 20 * PART)
    killed_copy(emulator, source, target, before, root)
    data, digests = given_bytes(source, 20 * PART - 1)
    copy_object(source, target, digests=digests)
    assert stored(target) == data
    assert target.uploads() == []


def test_uploads_that_cannot_be_taken_up_are_aborted(source: S3Object, target: S3Object) -> None:
    place = {"Bucket": target.bucket, "Key": target.key}
    empty = target.client.create_multipart_upload(**place)
    other = target.client.create_multipart_upload(**place)
    target.client.upload_part(**place, UploadId=other["UploadId"], PartNumber=1, Body=b"x" * PART)
    beside = {**place, "Key": f"{target.key}.other"}
    target.client.create_multipart_upload(**beside)
    assert {one["UploadId"] for one in target.uploads()} == {empty["UploadId"], other["UploadId"]}
    data, digests = given_bytes(source, 3 * PART)
    copy_object(source, target, digests=digests)
    assert stored(target) == data
    assert target.uploads() == []
    left = target.client.list_multipart_uploads(Bucket=target.bucket)["Uploads"]
    assert [one["Key"] for one in left] == [beside["Key"]]
