"""A model of plain files from one account to another."""

import hashlib

import pytest

from promotion.moving.files import MANIFEST, copy_files, plan_files
from promotion.moving.outcome import Moved, MoveError, Planned
from promotion.moving.s3 import S3Object

pytestmark = pytest.mark.slow

FILES = {"MLmodel": b"flavors: {}\n", "data/model.safetensors": bytes(5000), "empty": b""}


def ship(source: S3Object) -> tuple[S3Object, str, int]:
    """Files under a prefix as a deployment puts them, the list's SHA-256, and bytes in all."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in FILES.items())
    manifest = "".join(lines).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    prefix = S3Object(source.client, source.account, source.bucket, f"models/{digest}/")
    for name, data in {**FILES, MANIFEST: manifest, "notes.txt": b"not listed"}.items():
        put(prefix, name, data)
    return prefix, digest, len(manifest) + sum(len(data) for data in FILES.values())


def put(prefix: S3Object, name: str, data: bytes) -> None:
    prefix.client.put_object(Bucket=prefix.bucket, Key=prefix.key + name, Body=data)


def there(prefix: S3Object) -> set[str]:
    found = prefix.client.list_objects_v2(Bucket=prefix.bucket).get("Contents", [])
    return {one["Key"].removeprefix(prefix.key) for one in found}


def test_the_files_that_the_list_names_and_the_list_are_moved(
    source: S3Object, target: S3Object
) -> None:
    prefix, sha256, size = ship(source)
    into = S3Object(target.client, target.account, target.bucket, prefix.key)
    assert plan_files(prefix, into, sha256=sha256) == Planned(size, missing=size)
    assert copy_files(prefix, into, sha256=sha256) == Moved(size, sent=size)
    assert there(into) == {*FILES, MANIFEST}
    assert copy_files(prefix, into, sha256=sha256) == Moved(size)


def test_a_changed_file_stops_it_before_the_list_is_there(
    source: S3Object, target: S3Object
) -> None:
    prefix, sha256, _ = ship(source)
    into = S3Object(target.client, target.account, target.bucket, prefix.key)
    put(prefix, "empty", b"not any more")
    with pytest.raises(MoveError, match=rf"{prefix}empty: its SHA-256 is"):
        copy_files(prefix, into, sha256=sha256)
    assert there(into) == {"MLmodel", "data/model.safetensors"}


def test_a_changed_list_stops_it_before_anything_is_moved(
    source: S3Object, target: S3Object
) -> None:
    prefix, sha256, _ = ship(source)
    into = S3Object(target.client, target.account, target.bucket, prefix.key)
    put(prefix, MANIFEST, b"")
    with pytest.raises(MoveError, match=rf"{prefix}SHA256SUMS: "):
        copy_files(prefix, into, sha256=sha256)
    assert there(into) == set()
