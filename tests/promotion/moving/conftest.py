"""Buckets in two accounts of one emulator, the source in qa and the target in prod."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from localaws import lifecycle
from promotion.moving.s3 import S3Object
from stacks.settings import load
from tests import STAGES_FILE
from tests.localaws.conftest import TestEmulator

SOURCE, TARGET = "222222222222", "333333333333"
KEY = "0123abcd.gz"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestEmulator]:
    home = tmp_path_factory.mktemp("localaws")
    with lifecycle.running(home, load(STAGES_FILE)) as running:
        yield TestEmulator(running)


def object_in(emulator: TestEmulator, account: str, key: str = KEY) -> S3Object:
    client = emulator.client("s3", account)
    bucket = f"assets-{account}-{uuid4().hex[:8]}"
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return S3Object(client, account, bucket, key)


@pytest.fixture
def source(emulator: TestEmulator) -> S3Object:
    return object_in(emulator, SOURCE)


@pytest.fixture
def target(emulator: TestEmulator) -> S3Object:
    return object_in(emulator, TARGET)
