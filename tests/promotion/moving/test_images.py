"""Images between real registries: the emulator's ECR, and Debian's docker-registry where it is."""

import hashlib
import json
import re
import shutil
import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest

from bench.moving.docker_registry import Registry, docker_registry
from promotion.moving import Moved, MoveError, Planned
from promotion.moving.images import copy_image, plan_image
from promotion.moving.registry import (
    DOCKER_MANIFEST,
    Manifest,
    Repository,
    ecr_repository,
)
from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

TAG = "0123abcd"
BLOBS = [b'{"architecture":"amd64","os":"linux"}', b"layer" * 700_000, b"another layer"]
SIZE = sum(map(len, BLOBS))


class BrokenOffError(Exception):
    pass


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest_of(blobs: list[bytes], media_type: str = DOCKER_MANIFEST) -> Manifest:
    """A manifest; the odd spacing is what a rewritten one would lose."""
    kinds = ["container.image.v1+json", *["image.rootfs.diff.tar.gzip"] * (len(blobs) - 1)]
    config, *layers = (
        {
            "mediaType": f"application/vnd.docker.{kind}",
            "digest": digest_of(blob),
            "size": len(blob),
        }
        for kind, blob in zip(kinds, blobs, strict=True)
    )
    content = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
    body = json.dumps(content, indent=5).encode()
    return Manifest(body, digest_of(body), media_type)


def push(repository: Repository, blobs: list[bytes], tag: str = TAG) -> str:
    """The image's digest."""
    for blob in blobs:
        upload(repository, blob)
    manifest = manifest_of(blobs)
    repository.put_manifest(tag, manifest)
    return manifest.digest


def upload(repository: Repository, blob: bytes) -> None:
    repository.upload(digest_of(blob), len(blob), iter([blob]))


def pulled(repository: Repository, blob: bytes) -> bytes:
    return b"".join(repository.blob(digest_of(blob)))


@pytest.fixture
def qa(emulator: TestEmulator) -> Repository:
    return bootstrapped(emulator, "qa", "222222222222")


@pytest.fixture
def prod(emulator: TestEmulator) -> Repository:
    return bootstrapped(emulator, "prod", "333333333333")


def bootstrapped(emulator: TestEmulator, stage: str, account: str) -> Repository:
    """An empty repository as `cdk bootstrap` makes it, for one test."""
    name = f"cdk-{uuid4().hex[:8]}-container-assets-{account}-eu-central-1"
    session = emulator.running.session(stage)
    session.client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return ecr_repository(session, name)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A docker-registry."""
    if shutil.which("docker-registry") is None:
        pytest.skip(
            "no docker-registry (Debian: apt-get install docker-registry); the same copies run "
            "between two accounts of the emulator's ECR in this file"
        )
    with docker_registry(tmp_path_factory.mktemp("registry") / "here") as registry:
        yield registry


def test_an_image_moves_from_account_to_account_byte_for_byte(
    qa: Repository, prod: Repository
) -> None:
    digest = push(qa, BLOBS)
    assert plan_image(qa, prod, digest=digest, tag=TAG) == Planned(SIZE, missing=SIZE)
    told: list[int] = []
    moved = copy_image(qa, prod, digest=digest, tag=TAG, on_bytes=told.append)
    assert moved == Moved(SIZE, sent=SIZE)
    assert sum(told) == SIZE
    assert prod.manifest(TAG) == manifest_of(BLOBS)
    assert [pulled(prod, blob) for blob in BLOBS] == BLOBS


def test_an_image_that_is_there_is_not_moved_again(qa: Repository, prod: Repository) -> None:
    digest = push(qa, BLOBS)
    copy_image(qa, prod, digest=digest, tag=TAG)
    assert plan_image(qa, prod, digest=digest, tag=TAG) == Planned(SIZE, missing=0)
    told: list[int] = []
    again = copy_image(qa, prod, digest=digest, tag=TAG, on_bytes=told.append)
    assert again == Moved(SIZE)
    assert sum(told) == SIZE


def test_layers_that_are_there_are_skipped(qa: Repository, prod: Repository) -> None:
    digest = push(qa, BLOBS)
    upload(prod, BLOBS[1])
    missing = SIZE - len(BLOBS[1])
    assert plan_image(qa, prod, digest=digest, tag=TAG) == Planned(SIZE, missing=missing)
    assert copy_image(qa, prod, digest=digest, tag=TAG) == Moved(SIZE, sent=missing)


def test_the_digest_is_the_same_in_another_kind_of_registry(
    qa: Repository, prod: Repository, debian: Registry
) -> None:
    between = Repository(debian.url, "between")
    digest = push(qa, BLOBS)
    assert copy_image(qa, between, digest=digest, tag=TAG) == Moved(SIZE, sent=SIZE)
    assert copy_image(between, prod, digest=digest, tag=TAG) == Moved(SIZE, sent=SIZE)
    assert prod.manifest(digest) == manifest_of(BLOBS)


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ],
)
def test_what_createmodel_refuses_is_not_moved(qa: Repository, prod: Repository, kind: str) -> None:
    manifest = manifest_of(BLOBS, kind)
    qa.put_manifest(TAG, manifest)
    with pytest.raises(MoveError, match=f"CreateModel refuses {re.escape(kind)}"):
        copy_image(qa, prod, digest=manifest.digest, tag=TAG)
    assert prod.manifest(TAG) is None


def test_a_tag_that_names_another_image_is_not_taken(qa: Repository, prod: Repository) -> None:
    digest, other = push(qa, BLOBS), push(prod, BLOBS[:2])
    with pytest.raises(MoveError, match=rf"{TAG}: is {other} there, the release's is {digest}"):
        copy_image(qa, prod, digest=digest, tag=TAG)
    assert prod.has_blob(digest_of(BLOBS[2])) is False


def test_wrong_bytes_of_a_layer_are_noticed_and_not_uploaded(
    debian: Registry, prod: Repository
) -> None:
    source = Repository(debian.url, "rotten")
    blobs = [b"{}", b"good" * 600_000]
    digest = push(source, blobs)
    hex_digest = digest_of(blobs[1]).removeprefix("sha256:")
    (data,) = debian.stored.glob(f"**/blobs/sha256/??/{hex_digest}/data")
    data.write_bytes(b"evil" * 600_000)
    with pytest.raises(MoveError, match=rf"{digest_of(blobs[1])} of .* arrived as sha256:"):
        copy_image(source, prod, digest=digest, tag=TAG)
    assert prod.manifest(TAG) is None
    assert prod.has_blob(digest_of(blobs[1])) is False


def test_a_move_that_broke_off_goes_on_with_what_is_there(qa: Repository, prod: Repository) -> None:
    digest = push(qa, BLOBS)
    done: list[int] = []

    def die(count: int) -> None:
        done.append(count)
        if count == len(BLOBS[0]):
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        copy_image(qa, prod, digest=digest, tag=TAG, on_bytes=die)
    assert prod.manifest(TAG) is None
    there = sum(len(blob) for blob in BLOBS if prod.has_blob(digest_of(blob)))
    assert there
    assert copy_image(qa, prod, digest=digest, tag=TAG) == Moved(SIZE, sent=SIZE - there)


def test_a_missing_image_or_repository_is_one_line(
    emulator: TestEmulator, qa: Repository, prod: Repository
) -> None:
    nowhere = f"sha256:{'0' * 64}"
    with pytest.raises(MoveError, match=rf"{qa}@{nowhere}: no such image"):
        copy_image(qa, prod, digest=nowhere, tag=TAG)
    digest = push(qa, BLOBS)
    session = emulator.running.session("prod")
    unknown = ecr_repository(session, "cdk-none-container-assets-333333333333-eu-central-1")
    with pytest.raises(MoveError, match="no such repository; bootstrap the account first"):
        copy_image(qa, unknown, digest=digest, tag=TAG)


def test_a_registry_that_cannot_be_reached_is_one_line(prod: Repository) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        gone = Repository(f"http://127.0.0.1:{taken.getsockname()[1]}", "gone")
        with pytest.raises(MoveError, match="run again, what is there stays"):
            copy_image(gone, prod, digest=f"sha256:{'0' * 64}", tag=TAG)
