"""What is known of an object's bytes, and when they are read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from aws.stage import Stage
from localaws.lifecycle import running
from promotion.contents import Contents, content_of
from promotion.moving.parts import PART_SIZE, Digests
from promotion.release import Asset, Content, Release
from stacks.settings import load
from tests.promotion.releases import release

pytestmark = pytest.mark.slow

KEY = "0123.gz"


@dataclass
class Bucket:
    """A versioned bucket, in place of a stage, and what S3 is asked."""

    s3: Any
    name: str = field(default_factory=lambda: f"assets-{uuid4().hex[:8]}")
    asked: list[str] = field(default_factory=list)

    def client(self, _service: str) -> Any:
        return self.s3

    def put(self, data: bytes) -> Digests:
        """By its SHA-256, as promotion writes: S3 keeps it."""
        self.s3.put_object(Bucket=self.name, Key=KEY, Body=data, ChecksumAlgorithm="SHA256")
        return Digests.of([data], len(data))

    def of(self, known: Release | None, moved: Release | None = None) -> Content:
        self.asked.clear()
        return Contents(cast(Stage, self), known, moved).of(f"s3://{self.name}/{KEY}")


@pytest.fixture(scope="module")
def s3(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running(tmp_path_factory.mktemp("localaws"), load(root / "stages.toml")) as emulator:
        session: Any = emulator.session("dev")
        yield session.client("s3")


@pytest.fixture
def bucket(s3: Any) -> Bucket:
    made = Bucket(s3)
    s3.create_bucket(
        Bucket=made.name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    versioning = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=made.name, VersioningConfiguration=versioning)
    s3.meta.events.register("before-call.s3", lambda model, **_: made.asked.append(model.name))
    return made


def with_asset(bucket: str, content: Content) -> Release:
    asset = Asset(id="1" * 64, bucket=bucket, key=KEY, content=content)
    return release().model_copy(update={"assets": (asset,), "models": ()})


def test_a_version_that_the_newest_release_has_is_not_read(bucket: Bucket) -> None:
    bucket.put(b"model")
    first = bucket.of(None)
    assert "GetObject" in bucket.asked
    assert bucket.of(with_asset(bucket.name, first)) == first
    assert "GetObject" not in bucket.asked
    bucket.put(b"other")
    assert bucket.of(with_asset(bucket.name, first)).sha256 != first.sha256


@pytest.mark.parametrize("size", [10, PART_SIZE + 1])
def test_what_was_moved_is_known_by_what_s3_says_of_it(bucket: Bucket, size: int) -> None:
    data = os.urandom(size)
    if size > PART_SIZE:
        upload_in_parts(bucket, data)
    else:
        bucket.put(data)
    digests = Digests.of([data], size)
    there = content_of(digests, "elsewhere", size)
    found = bucket.of(None, with_asset("another", there))
    assert (found.digests, found.size) == (digests, size)
    assert found.version not in {None, "elsewhere"}
    assert "GetObject" not in bucket.asked


def upload_in_parts(bucket: Bucket, data: bytes) -> None:
    place = {"Bucket": bucket.name, "Key": KEY}
    upload = bucket.s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for number, first in enumerate(range(0, len(data), PART_SIZE), start=1):
        body = data[first : first + PART_SIZE]
        done = bucket.s3.upload_part(
            **place, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        names = ("ETag", "ChecksumSHA256")
        parts.append({"PartNumber": number} | {name: done[name] for name in names})
    bucket.s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})


def test_other_bytes_of_the_same_size_are_read(bucket: Bucket) -> None:
    digests = bucket.put(b"model")
    moved = content_of(Digests.of([b"other"], 5), None, 5)
    assert bucket.of(None, with_asset("another", moved)).digests == digests
    assert "GetObject" in bucket.asked
