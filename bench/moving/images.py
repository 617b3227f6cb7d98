"""An image with one large layer, from one docker-registry to another, beside `skopeo copy`."""

import hashlib
import json
import os
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.environments import SetupError
from bench.moving.docker_registry import docker_registry
from bench.moving.measure import Case, Command, CopyError
from bench.moving.ours import MODEL
from promotion.moving.registry import DOCKER_MANIFEST, Manifest, Repository

_BLOCK = 2**20
_PROGRAMS = ("skopeo", "docker-registry")
_STORED = 0  # zlib's level: a gzip file of the bytes as they are


@contextmanager
def images(folder: Path, size: int) -> Iterator[list[Case]]:
    """The case of a layer of some `size` bytes; the registries end with the block.

    Raises:
        SetupError: where Debian's skopeo or docker-registry is missing, or does not start.
    """
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            raise SetupError(f"no {program} (Debian: apt-get install {' '.join(_PROGRAMS)})")
    with docker_registry(folder / "from") as source, docker_registry(folder / "to") as target:
        digest = _push(Repository(source.url, MODEL), folder / "layer", size)

        def ours(name: str) -> list[Command]:
            program = [sys.executable, "-m", "bench.moving.ours", "image"]
            return [Command([*program, source.url, target.url, name, digest], {})]

        def skopeo(name: str) -> list[Command]:
            options = ["--insecure-policy", "copy", "--quiet", "--preserve-digests"]
            options += ["--src-tls-verify=false", "--dest-tls-verify=false"]
            places = [f"{source.address}/{MODEL}@{digest}", f"{target.address}/{name}:{MODEL}"]
            return [Command(["skopeo", *options, *(f"docker://{one}" for one in places)], {})]

        def remove(name: str) -> None:
            if Repository(target.url, name).manifest(digest) is None:
                raise CopyError(f"{target.address}/{name} is not {digest}")
            shutil.rmtree(target.stored)

        servers = [source.process.pid, target.process.pid]
        yield [Case("image", size, ours, "skopeo copy", skopeo, servers, remove)]


def _push(repository: Repository, file: Path, size: int) -> str:
    """Push an image with a layer of some `size` random bytes; its digest."""
    with file.open("wb") as written:
        packed = zlib.compressobj(_STORED, wbits=31)
        for _ in range(size // _BLOCK):
            written.write(packed.compress(os.urandom(_BLOCK)))
        written.write(packed.flush())
    layer = _upload(repository, file, "image.rootfs.diff.tar.gzip")
    rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
    file.write_text(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}))
    config = _upload(repository, file, "container.image.v1+json")
    file.unlink()
    manifest = {"mediaType": DOCKER_MANIFEST, "config": config, "layers": [layer]}
    body = json.dumps({"schemaVersion": 2} | manifest).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    repository.put_manifest(MODEL, Manifest(body, digest, DOCKER_MANIFEST))
    return digest


def _upload(repository: Repository, file: Path, kind: str) -> dict[str, str | int]:
    """Upload a blob; as a manifest names it."""
    with file.open("rb") as blob:
        digest = f"sha256:{hashlib.file_digest(blob, 'sha256').hexdigest()}"
        blob.seek(0)
        size = file.stat().st_size
        repository.upload(digest, size, iter(lambda: blob.read(_BLOCK), b""))
    return {"mediaType": f"application/vnd.docker.{kind}", "digest": digest, "size": size}
