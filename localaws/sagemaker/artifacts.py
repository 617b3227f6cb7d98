"""A model's files: fetched from the emulated S3, unpacked safely, made read-only."""

import contextlib
import shutil
import stat
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from localaws.clients import client, keys
from localaws.sagemaker.errors import HostingError
from localaws.scope import Document, Scope

MAX_UNPACKED_BYTES = 32 * 2**30
MAX_FILES = 100_000


def fetch(scope: Scope, container: Document, folder: Path) -> None:
    """Fetch the container's model into `folder`, which is created and read-only.

    Raises HostingError where the object is missing or unsafe.
    """
    folder.mkdir(parents=True)
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    try:
        if uri and source.get("CompressionType") == "None":
            _fetch_prefix(scope, uri, folder)
        elif uri:
            archive = folder.with_name(f"{folder.name}.tar.gz")
            bucket, key = bucket_and_key(uri)
            client(scope, "s3").download_file(bucket, key, str(archive))
            unpack(archive, folder)
            archive.unlink()
    except (BotoCoreError, ClientError) as error:
        raise HostingError(f"Could not access model data at {uri}: {error}") from error
    make_read_only(folder)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two halves of an `s3://` address; HostingError for any other."""
    parts = urlsplit(uri)
    if parts.scheme != "s3":
        raise HostingError(f"Could not access model data at {uri}: it must begin with s3://")
    return parts.netloc, parts.path.lstrip("/")


def _fetch_prefix(scope: Scope, uri: str, folder: Path) -> None:
    bucket, prefix = bucket_and_key(uri)
    found = False
    for key in keys(scope, bucket, prefix):
        name = key.removeprefix(prefix) or Path(key).name
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise HostingError(f"The model holds a key that leads out of its folder: {key}")
        if not name.endswith("/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            client(scope, "s3").download_file(bucket, key, str(target))
            found = True
    if not found:
        raise HostingError(f"Could not find model data at {uri}.")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model.tar.gz; HostingError for links, devices, escapes, or too much of it.

    SageMaker's own rule is that a model tarball holds no symlinks.
    """
    size = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for count, member in enumerate(tar, start=1):
                if not (member.isfile() or member.isdir()):
                    raise HostingError(
                        f"The model archive holds {member.name}, which is neither a file nor a "
                        "folder; links and devices are not allowed."
                    )
                size += member.size
                if size > MAX_UNPACKED_BYTES or count > MAX_FILES:
                    raise HostingError(
                        f"The model archive holds more than {MAX_FILES} files or "
                        f"{MAX_UNPACKED_BYTES // 2**30} GiB."
                    )
                _write(tar, member, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise HostingError(
            f"Failed to extract the model data archive {archive.name}: {error}. "
            "It must be a tar file compressed with gzip."
        ) from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """By hand: tarfile has no extraction filter before Python 3.11.4, and Debian 12 has 3.11.2."""
    place = folder / member.name.lstrip("/")  # as tar itself takes it
    if not place.resolve().is_relative_to(folder.resolve()):
        raise HostingError(f"The model archive holds {member.name}, which leads out of its folder.")
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
    elif content := tar.extractfile(member):
        place.parent.mkdir(parents=True, exist_ok=True)
        with content, place.open("wb") as file:
            shutil.copyfileobj(content, file)


def make_read_only(folder: Path) -> None:
    """Take the write permission from everything in a folder: `/opt/ml/model` is read-only."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def remove(folder: Path) -> None:
    """Delete a folder, read-only parts included; nothing where there is none.

    Another thread may be deleting the same one.
    """
    with contextlib.suppress(FileNotFoundError):
        for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
