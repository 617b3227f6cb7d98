"""What an MLflow model folder must be to be packed."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

MANIFEST = "SHA256SUMS"
_JUNK = frozenset({"__pycache__", ".DS_Store", ".ipynb_checkpoints"})
_LINE_BREAKING = frozenset({"Cc", "Zl", "Zp"})


class ModelFolderError(ValueError):
    """A folder that cannot be packed; the message is one line: where and why."""


@dataclass(frozen=True)
class Listed:
    """A file to pack: its name in the archive, where it is, and its status when listed."""

    name: str
    path: Path
    stat: os.stat_result


def list_files(folder: Path) -> list[Listed]:
    """The folder's files by name (in code point order), without junk and an old SHA256SUMS.

    Raises ModelFolderError when the folder is no MLflow model folder that pyfunc can load, or
    holds a link or anything else that is neither file nor folder (SageMaker takes no links, and
    to follow them would pack what lies elsewhere), or a name that SHA256SUMS cannot hold on one
    line.
    """
    if not folder.is_dir():
        raise ModelFolderError(f"{folder}: no such folder; an MLflow model folder is needed")
    _require_pyfunc(folder / "MLmodel")
    return sorted(_walk(folder, ""), key=lambda file: file.name)


def _require_pyfunc(path: Path) -> None:
    try:
        described = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelFolderError(
            f"{path}: not there; name a folder that mlflow's save_model wrote"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ModelFolderError(f"{path}: is no YAML: {reason}") from error
    flavors = described.get("flavors") if isinstance(described, dict) else None
    if not isinstance(flavors, dict):
        raise ModelFolderError(f"{path}: flavors is missing; mlflow's save_model writes it")
    if not isinstance(flavors.get("python_function"), dict):
        found = ", ".join(map(str, flavors)) or "none"
        raise ModelFolderError(
            f"{path}: flavors.python_function is missing (flavors there: {found}); "
            "save the model with a flavor that pyfunc can load"
        )


def _walk(folder: Path, prefix: str) -> Iterator[Listed]:
    for entry in os.scandir(folder):
        if entry.name in _JUNK:
            continue
        name, path = prefix + entry.name, folder / entry.name
        _require_one_line(name, path)
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(path, f"{name}/")
        elif not stat.S_ISREG(status.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no plain file"
            raise ModelFolderError(f"{path}: is {kind}; put the file itself in the folder")
        elif name != MANIFEST:
            yield Listed(name, path, status)


def _require_one_line(name: str, path: Path) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise ModelFolderError(f"{str(path)!a}: its name is not UTF-8; rename it") from None
    if any(char == "\\" or unicodedata.category(char) in _LINE_BREAKING for char in name):
        raise ModelFolderError(
            f"{str(path)!a}: its name has a backslash or a control character; rename it"
        )
