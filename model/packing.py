"""Packing of an MLflow model folder: the same folder gives the same bytes.

The archive is a gzipped tar of the folder's files by name, without times, owners or links, and
with `SHA256SUMS` (as `sha256sum --check` reads it) as its last member.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, cast

from isal import igzip_threaded

from model.folder import MANIFEST, Member, ModelFolderError, members

__all__ = ["ModelFolderError", "Packed", "lay_out", "pack", "pack_if_changed"]

# A change of what packing writes must not find an archive of before it good enough.
_FORMAT = 2
# Levels 0 to 2 of ISA-L give the same bytes on every x86-64 CPU tried (qemu's Nehalem, SandyBridge,
# Haswell, Skylake and EPYC, and one with AVX-512); level 3 does not, and arm64 differs at each.
_LEVEL = 1
_THREADS = 2  # as many blocks at a time; the bytes do not depend on it
_BLOCK = 2**20
_TICK_NS = 20_000_000  # before Linux 6.13 files are stamped by a clock that moves every 1 to 10 ms

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Packed:
    """An archive: where, its SHA-256 and size in bytes, and what its SHA256SUMS holds.

    unpacked_size: bytes of the files in it.
    """

    path: Path
    sha256: str
    size: int
    unpacked_size: int
    manifest: str

    @property
    def manifest_sha256(self) -> str:
        """SHA-256 of the SHA256SUMS in the archive."""
        return hashlib.sha256(self.manifest.encode()).hexdigest()


def pack(folder: Path, archive: Path, *, on_bytes: Progress | None = None) -> Packed:
    """Pack a folder. `on_bytes` is told the bytes read, as they are read.

    The archive is there whole or not at all, however this ends.

    Raises:
        ModelFolderError: where the folder cannot be packed, or changes meanwhile.
    """
    return _write(members(folder), archive, on_bytes or (lambda _: None))


def pack_if_changed(folder: Path, archive: Path, *, on_bytes: Progress | None = None) -> Packed:
    """Pack a folder, unless the archive is of its present files. `on_bytes` as for `pack`.

    Raises:
        ModelFolderError: as `pack`.
    """
    found = members(folder)
    _await_tick_after(max(member.status.st_ctime_ns for member in found))
    note = archive.with_name(f"{archive.name}.json")
    states = json.dumps([_FORMAT, [member.state for member in found]])
    folder_sha256 = hashlib.sha256(states.encode()).hexdigest()
    with suppress(OSError, ValueError, KeyError, TypeError):
        noted = json.loads(note.read_text())
        if (noted["folder"], noted["archive"]) == (folder_sha256, _state(archive)):
            return Packed(path=archive, **noted["packed"])
    packed = _write(found, archive, on_bytes or (lambda _: None))
    content = {key: value for key, value in asdict(packed).items() if key != "path"}
    note.write_text(
        json.dumps({"folder": folder_sha256, "archive": _state(archive), "packed": content})
    )
    return packed


def lay_out(folder: Path, packed: Packed, into: Path) -> dict[str, Path]:
    """Put what was packed of a folder into `into` as plain files named by their SHA-256.

    They are linked, or copied where the file system has no such links. Returns them by their names
    in the folder, SHA256SUMS included.
    """
    into.mkdir(parents=True, exist_ok=True)
    files = {}
    for line in packed.manifest.splitlines():
        sha256, _, name = line.partition("  ")
        files[name] = into / sha256
        files[name].unlink(missing_ok=True)  # its content may have been written over
        try:
            files[name].hardlink_to(folder / name)
        except OSError:
            shutil.copyfile(folder / name, files[name])
    files[MANIFEST] = into / packed.manifest_sha256
    files[MANIFEST].write_text(packed.manifest)
    return files


def _await_tick_after(changed_ns: int) -> None:
    """Let the clock that files are stamped by move on, so that any later change shows.

    Two changes within one tick of it leave the same times.
    """
    since = time.time_ns() - changed_ns
    if 0 <= since < _TICK_NS:
        time.sleep((_TICK_NS - since) / 1e9)


def _state(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _write(found: list[Member], archive: Path, on_bytes: Progress) -> Packed:
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            output = _Hashing(file)
            manifest = _write_tar(found, output, on_bytes)
        temporary.chmod(0o644)
        temporary.replace(archive)
    except BaseException:
        temporary.unlink()
        raise
    unpacked = sum(member.status.st_size for member in found)
    return Packed(archive, output.sha256.hexdigest(), output.size, unpacked, manifest)


def _write_tar(found: list[Member], output: "_Hashing", on_bytes: Progress) -> str:
    sums = []
    with (
        igzip_threaded.open(output, "wb", compresslevel=_LEVEL, threads=_THREADS) as gz,
        tarfile.TarFile(
            fileobj=cast(IO[bytes], _Positioned(gz)),
            mode="w",
            format=tarfile.PAX_FORMAT,
            copybufsize=_BLOCK,
        ) as tar,
    ):
        for member in found:
            sums.append(f"{_add(tar, member, on_bytes)}  {member.name}\n")
        listing = "".join(sums)
        content = listing.encode()
        tar.addfile(_header(MANIFEST, len(content), 0o644), BytesIO(content))
    return listing


def _add(tar: tarfile.TarFile, member: Member, on_bytes: Progress) -> str:
    executable = member.status.st_mode & 0o111
    header = _header(member.name, member.status.st_size, 0o755 if executable else 0o644)
    try:
        with member.path.open("rb") as file:
            reader = _Reading(file, on_bytes)
            tar.addfile(header, reader)
            unchanged = (
                member.state == Member(member.name, member.path, os.fstat(file.fileno())).state
            )
    except OSError as error:
        raise ModelFolderError(
            f"{member.path}: cannot be read: {error.strerror or error}"
        ) from None
    if not unchanged:
        raise ModelFolderError(f"{member.path}: changed while it was packed; pack again")
    return reader.sha256.hexdigest()


def _header(name: str, size: int, mode: int) -> tarfile.TarInfo:
    # A new TarInfo has no time, no owner and no group: what is left out is zero.
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, mode
    return header


class _Hashing:
    """A file to write to, hashed and counted on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.sha256, self.size, self._file = hashlib.sha256(), 0, file

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


class _Positioned:
    """A file to write to that knows where it is, as tarfile asks and a gzip writer does not."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._position = file, 0

    def write(self, data: bytes) -> int:
        self._position += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._position


class _Reading:
    """A file to read from, hashed and reported on the way."""

    def __init__(self, file: IO[bytes], on_bytes: Progress) -> None:
        self.sha256, self._file, self._on_bytes = hashlib.sha256(), file, on_bytes

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        self._on_bytes(len(data))
        return data
