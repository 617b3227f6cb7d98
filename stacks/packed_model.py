"""A model that has been packed: what the stacks know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.compatibility import ModelRecord


@dataclass(frozen=True)
class PackedModel:
    """A model's archive, the SHA-256 of its SHA256SUMS, and what its folder asks for.

    files: what the archive holds, its SHA256SUMS included, by name, as plain files for those who
    ship without unpacking.
    """

    archive: Path
    manifest_sha256: str
    record: ModelRecord
    files: Mapping[str, Path]


Models = Mapping[str, PackedModel]
"""By the path of the folder as it stands in stages.toml."""
