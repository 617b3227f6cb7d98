"""A model folder as model.tar.gz: the same folder gives the same bytes.

The archive holds the folder's files, sorted by name, and at its end `SHA256SUMS`, which
`sha256sum -c` verifies. Importing this module needs neither torch nor MLflow.
"""

import hashlib
import io
import json
import os
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, BinaryIO

from isal import igzip_threaded
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from model.folder import MANIFEST, Listed, ModelFolderError, list_files

_FORMAT = 1  # raise it when the same folder would give other bytes: stamps of before are void
_LEVEL = 1  # of ISA-L's 0 to 3: weights get no smaller above it, and level 3 differs by CPU
_BLOCK = 1 << 20
_THREADS = min(4, os.cpu_count() or 1)  # the bytes do not depend on it
_CLOCK_TICK_NS = 100_000_000  # a change within this of the packing may leave the times as they are


@dataclass(frozen=True)
class Packed:
    """An archive: where, the SHA-256 of its bytes, its size in bytes, and the SHA-256 of its
    SHA256SUMS."""

    path: Path
    sha256: str
    size: int
    manifest_sha256: str


def pack(folder: Path, archive: Path, *, progress: bool = False) -> Packed:
    """Write the folder to the archive, whole or not at all.

    Raises ModelFolderError when the folder is no MLflow model folder, holds what an archive
    for SageMaker must not, or changes meanwhile.
    """
    files = list_files(folder)
    archive.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as raw, _shown(files, progress) as bar:
            out = _Hashing(raw)
            manifest_sha256 = _write(files, out, bar)
        partial.chmod(0o644)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
    return Packed(archive, out.sha256.hexdigest(), out.size, manifest_sha256)


def pack_if_changed(folder: Path, archive: Path) -> Packed:
    """The archive of before if it is there and the folder is the same, else `pack`.

    A file is the same when its name, size, and times of content (mtime) and of status (ctime)
    are. No program can set the ctime, so a change that keeps size and mtime is seen too. What
    it knows of the last time is in `<archive>.json`.
    """
    stamp = archive.with_name(f"{archive.name}.json")
    files = list_files(folder)
    state = _state(files)
    try:
        known = json.loads(stamp.read_text("utf-8"))
        if known["state"] == state and known["archive"] == _times(archive.stat()):
            return Packed(archive, **known["packed"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # no stamp, an old one, or a torn one: pack
    started = time.time_ns()
    packed = pack(folder, archive)
    stamp.unlink(missing_ok=True)
    if max(file.stat.st_ctime_ns for file in files) < started - _CLOCK_TICK_NS:
        facts = {key: value for key, value in asdict(packed).items() if key != "path"}
        known = {"state": state, "archive": _times(archive.stat()), "packed": facts}
        stamp.write_text(json.dumps(known), "utf-8")
    return packed


def _write(files: list[Listed], out: "_Hashing", bar: Progress) -> str:
    sums = {}
    with (
        igzip_threaded.open(
            out, "wb", compresslevel=_LEVEL, threads=_THREADS, block_size=_BLOCK
        ) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BLOCK) as tar,
    ):
        for file in files:
            with file.path.open("rb") as content:
                reader = _Reading(content, bar)
                member = _member(file.name, file.stat.st_size, file.stat.st_mode)
                try:
                    tar.addfile(member, reader)
                finally:
                    if _times(os.fstat(content.fileno())) != _times(file.stat):
                        raise ModelFolderError(f"{file.path}: changed while it was packed")
            sums[file.name] = reader.sha256.hexdigest()
        manifest = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
        tar.addfile(_member(MANIFEST, len(manifest), 0), io.BytesIO(manifest))
    return hashlib.sha256(manifest).hexdigest()


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o755 if mode & stat.S_IXUSR else 0o644
    return member  # TarInfo's time and owner are 0 and empty


def _times(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _state(files: list[Listed]) -> list[object]:
    return [_FORMAT, *([file.name, file.stat.st_mode, *_times(file.stat)] for file in files)]


class _Hashing:
    """A file to write to that knows the size and SHA-256 of what was written."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._raw.write(data)

    def flush(self) -> None:
        self._raw.flush()


class _Reading(io.RawIOBase):
    """A file to read from that knows the SHA-256 of what was read, so that what is listed is
    what is archived."""

    def __init__(self, raw: IO[bytes], bar: Progress) -> None:
        self._raw = raw
        self._bar = bar
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self.sha256.update(data)
        self._bar.advance(self._bar.task_ids[0], len(data))
        return data


@contextmanager
def _shown(files: list[Listed], progress: bool) -> Iterator[Progress]:
    columns = (TextColumn("packing"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, transient=True, disable=not progress) as bar:
        bar.add_task("packing", total=sum(file.stat.st_size for file in files))
        yield bar
