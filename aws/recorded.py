"""A cloud assembly in a zip, as a release has it: to be deployed again, and in other accounts."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from aws.assembly import folders
from aws.errors import AssemblyError
from aws.received import MANIFEST, STAGES, Files, written_anew

_MOST_FILES = 1000
_MOST_BYTES = 64 << 20
# What zipfile raises of bytes that are no zip, or are one that it does not read.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, OverflowError, RuntimeError, ValueError),
)


def zipped(folder: Path, project: str, qualifier: str) -> bytes:
    """All stages of a cloud assembly in a zip for `cdk deploy --app`, and what they were made from.

    The same bytes for the same assembly. The assets stay out: the asset bucket and repository have
    them, and where these do the CDK CLI does not ask for the files.
    """
    files = [
        file for part in folders(folder).values() for file in part.rglob("*") if file.is_file()
    ]
    found = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in (*files, folder / MANIFEST, folder / STAGES)
    }
    memory = io.BytesIO()
    # Stored, not deflated: another zlib would give other bytes, and these are a few hundred KB.
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(written_anew(found, project, qualifier).items()):
            # Without a date of its own an entry has zip's first one, 1980.
            archive.writestr(zipfile.ZipInfo(name), content)
    return memory.getvalue()


def unzip(archive: bytes, folder: Path, project: str, qualifier: str) -> None:
    """Put a zipped assembly into a folder, written anew: what it holds comes from elsewhere.

    Raises AssemblyError for what no assembly of the project's has.
    """
    files = written_anew(unzipped(archive), project, qualifier)
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def unzipped(archive: bytes) -> Files:
    """The files of a zipped assembly.

    Raises AssemblyError for what is no zip, holds a name twice, or more than an assembly can.
    """
    files: Files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            entries = content.infolist()
            names = {entry.filename for entry in entries}
            # The size that an entry states bounds what zipfile reads of it.
            size = sum(entry.file_size for entry in entries)
            if len(names) < len(entries) or len(entries) > _MOST_FILES or size > _MOST_BYTES:
                raise AssemblyError(
                    f"the recorded assembly holds {len(entries)} files of {size:,} bytes: no"
                    f" assembly of Berth has one twice, more than {_MOST_FILES}, or more than"
                    f" {_MOST_BYTES:,} bytes"
                )
            for entry in entries:
                files[entry.filename] = content.read(entry)
    except _BROKEN as error:
        raise AssemblyError(f"the recorded assembly is no zip that can be read: {error}") from None
    return files
