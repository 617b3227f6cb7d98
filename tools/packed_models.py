"""The models that stages.toml names, packed."""

import hashlib
import sys
import time
from pathlib import Path

from model.folder import Member, members
from model.packing import lay_out, pack_if_changed
from stacks.compatibility import read_model_record
from stacks.model_lock import check_pinned
from stacks.packed_model import Models, PackedModel
from stacks.settings import Settings

_SECONDS_A_LINE = 5


def packed_models(settings: Settings, build: Path) -> Models:
    """Pack every model folder that a stage names into `build`, unless it is packed already.

    Raises IncompatibleError where a folder's record of its environment cannot be used,
    ModelFolderError where a folder cannot be packed.
    """
    return {path: _packed(settings, path, build) for path in settings.model_paths}


def _packed(settings: Settings, path: str, build: Path) -> PackedModel:
    folder = settings.folder_of(path)
    record = read_model_record(folder, settings.model)
    # A path may contain any character, so that its hash names the archive.
    hashed = hashlib.sha256(path.encode()).hexdigest()
    name = "" if path == settings.model.path else f"-{hashed[:12]}"
    progress = _Lines(folder, members(folder))
    packed = pack_if_changed(folder, build / f"model{name}.tar.gz", on_bytes=progress)
    check_pinned(path, settings.file.parent, packed.manifest_sha256)
    plain = any(stage.shipping.form == "files" for stage in settings.stages.values())
    return PackedModel(
        archive=packed.path,
        manifest_sha256=packed.manifest_sha256,
        record=record,
        files=lay_out(folder, packed, build / f"files{name}") if plain else {},
    )


class _Lines:
    """Prints the progress of a long packing in lines, as the CDK CLI passes on nothing else."""

    def __init__(self, folder: Path, found: list[Member]) -> None:
        self._folder, self._read, self._said = folder, 0, time.monotonic()
        self._total = sum(member.status.st_size for member in found)

    def __call__(self, count: int) -> None:
        self._read += count
        if time.monotonic() - self._said >= _SECONDS_A_LINE:
            self._said = time.monotonic()
            done = f"{self._read / 1e9:.1f} of {self._total / 1e9:.1f} GB"
            print(f"packing {self._folder}: {done}", file=sys.stderr, flush=True)
