"""What of a model folder is packed: plain files of a model, and nothing that is not."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stacks import credentials
from stacks.model_layout import LayoutError, check_layout

MANIFEST = "SHA256SUMS"
JUNK = {"__pycache__", ".ipynb_checkpoints", ".git", ".DS_Store", "Thumbs.db"}


class ModelFolderError(Exception):
    """The folder cannot be packed; the text is one line."""


@dataclass(frozen=True)
class Member:
    """A file to pack: its name in the archive, and its state when the folder was read."""

    name: str
    path: Path
    status: os.stat_result

    @property
    def state(self) -> tuple[str, int, int, int]:
        """Differs where the content may. The change time moves even where mtime is put back."""
        return (self.name, self.status.st_size, self.status.st_mtime_ns, self.status.st_ctime_ns)


def members(folder: Path) -> list[Member]:
    """Every file of a model folder, by name; the list of an earlier packing left out.

    Raises:
        ModelFolderError: where this is no model folder, or it holds what cannot be packed.
    """
    _check_is_model(folder)
    found = sorted(_walk(folder, ""), key=lambda member: member.name.encode())
    return [member for member in found if member.name != MANIFEST]


def _check_is_model(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelFolderError(
            f"{folder}: no such folder; `berth model` builds the example, and model.path in "
            "stages.toml names the folder"
        )
    if found := credentials.refusals(folder):
        raise ModelFolderError("\n".join(found))
    try:
        check_layout(folder)
    except LayoutError as error:
        raise ModelFolderError(str(error)) from None


def _walk(folder: Path, prefix: str) -> Iterator[Member]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise ModelFolderError(f"{folder}: cannot be read: {error.strerror}") from None
    for entry in entries:
        if entry.name in JUNK:
            continue
        name = prefix + entry.name
        _check_name(folder, name)
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(Path(entry.path), name + "/")
        elif stat.S_ISREG(status.st_mode):
            yield Member(name, Path(entry.path), status)
        else:
            # SageMaker unpacks no links, and what is behind one may change after the hash.
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no plain file"
            raise ModelFolderError(f"{entry.path}: is {kind}; put the file itself in its place")


def _check_name(folder: Path, name: str) -> None:
    printable = name.isprintable() and "\\" not in name
    try:
        name.encode()
    except UnicodeEncodeError:
        printable = False
    if not printable:
        raise ModelFolderError(
            f"{folder}: {name!r} is no portable file name; rename it (no backslash, no control "
            "character, UTF-8)"
        )
