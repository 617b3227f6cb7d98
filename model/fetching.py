"""Models from where they are kept: MLflow's registry, its runs and artifacts, and S3."""

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model.folder import MANIFEST, members
from model.packing import pack
from stacks.model_lock import Pin, folder_of, is_address, read_lock, write_lock


class FetchError(Exception):
    """A model cannot be fetched; the text is one line."""


def fetch(paths: list[str], beside: Path, *, update: bool = False) -> Iterator[str]:
    """Bring the model of each address and pin it; a line for each.

    What is pinned comes again as it was, unless `update`. The tracking server and the credentials
    are those that MLflow's own client and boto3 take from the environment.

    Raises:
        FetchError: where one cannot be had, or is another than the pinned one.
        ModelFolderError: where what came is no model.
    """
    pins = read_lock(beside)
    for path in filter(is_address, paths):
        pinned = None if update else pins.get(path)
        source = pinned.source if pinned else _resolved(path)
        folder = folder_of(path, beside)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            fetched = _fetched(source, Path(made) / "model")
            sha256 = pack(fetched, Path(made) / "model.tar.gz").manifest_sha256
            if pinned and sha256 != pinned.sha256:
                raise FetchError(
                    f"{path}: {source} is another model than the pinned one ({sha256[:12]}, not "
                    f"{pinned.sha256[:12]}); `berth model fetch --update` pins it anew"
                )
            shutil.rmtree(folder, ignore_errors=True)
            fetched.rename(folder)
        pins[path] = Pin(source, sha256)
        write_lock(beside, pins)
        count = len(members(folder))
        yield f"{path}: {source}, {count} files in {folder}, pinned as {sha256}"


def _resolved(path: str) -> str:
    """The version that an address of the registry stands for now; any other address itself."""
    name, at, alias = path.removeprefix("models:/").partition("@")
    stage = None if at else name.partition("/")[2]
    if not path.startswith("models:/") or (not at and (not stage or stage.isdecimal())):
        return path
    client = _mlflow().MlflowClient()
    name = name.partition("/")[0] if stage else name
    with _Told(path):
        if at:
            return f"models:/{name}/{client.get_model_version_by_alias(name, alias).version}"
        wanted = [] if stage == "latest" else [stage]
        versions = client.get_latest_versions(name, wanted or None)
        newest = max((int(found.version) for found in versions), default=None)
    if newest is None:
        raise FetchError(f"{path}: there is no such version")
    return f"models:/{name}/{newest}"


def _fetched(source: str, folder: Path) -> Path:
    with _Told(source):
        if source.startswith("s3://"):
            return _from_s3(source, folder)
        folder.mkdir()
        found = _mlflow().artifacts.download_artifacts(artifact_uri=source, dst_path=str(folder))
        return Path(found)


def _from_s3(source: str, folder: Path) -> Path:
    from aws.downloads import download  # noqa: PLC0415 - boto3 takes a quarter of a second

    archive = folder.with_suffix(".tar.gz")
    download(source, archive)
    with tarfile.open(archive) as tar:
        for member in tar:
            _write(tar, member, folder)
    (folder / MANIFEST).unlink(missing_ok=True)
    return folder


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """By hand: tarfile has no extraction filter before Python 3.11.4, and Debian 12 has 3.11.2."""
    place = folder / member.name
    inside = place.resolve().is_relative_to(folder.resolve())
    if not inside or not (member.isfile() or member.isdir()):
        raise FetchError(f"{member.name} is a link or a device, or leads out of the archive")
    content = tar.extractfile(member)
    (place.parent if content else place).mkdir(parents=True, exist_ok=True)
    if content:
        with content, place.open("wb") as file:
            shutil.copyfileobj(content, file)


def _mlflow() -> Any:
    try:
        import mlflow  # noqa: PLC0415 - it takes seconds
    except ModuleNotFoundError:
        raise FetchError(
            "MLflow's client is not installed here: `make setup` installs it, and a pip of this "
            "environment can (mlflow-skinny)"
        ) from None
    return mlflow


class _Told:
    """Makes whatever the clients raise one line that names the address."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, FetchError):
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise FetchError(f"{self._source}: cannot be fetched: {said}") from None
