"""Conversion of a folder of transformers to the files that the server loads."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from model.folder import ModelFolderError

TOKENIZER, WEIGHTS = "tokenizer.json", "model.safetensors"


def convert(folder: Path) -> list[str]:
    """Write what a folder lacks of the two into it; a line for each file that was written.

    The weights of a pickle are read by PyTorch's loader that runs no code of it.

    Raises:
        ModelFolderError: where transformers cannot read the folder.
    """
    missing = [name for name in (TOKENIZER, WEIGHTS) if not (folder / name).exists()]
    if not missing:
        return []
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        try:
            if TOKENIZER in missing:
                _transformers().AutoTokenizer.from_pretrained(
                    folder, use_fast=True, local_files_only=True, trust_remote_code=False
                ).save_pretrained(made)
            if WEIGHTS in missing:
                # A shard may have any size, so that there is one.
                _class(folder).from_pretrained(folder, local_files_only=True).save_pretrained(
                    made, safe_serialization=True, max_shard_size="1000GB"
                )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelFolderError(f"{folder}: transformers cannot convert it: {said}") from None
        for name in missing:
            if not (Path(made) / name).exists():
                raise ModelFolderError(f"{folder}: transformers makes no {name} of it")
        for name in missing:
            shutil.move(Path(made) / name, folder / name)
    return [f"{folder / name}: written{_replaces(folder, name)}" for name in missing]


def _replaces(folder: Path, name: str) -> str:
    old = sorted(
        file.name
        for pattern in ("pytorch_model*.bin", "model-*-of-*.safetensors", "*.index.json")
        for file in folder.glob(pattern)
    )
    return f"; delete {', '.join(old)}, which nothing loads" if name == WEIGHTS and old else ""


def _class(folder: Path) -> Any:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return getattr(_transformers(), config["architectures"][0])
    except (TypeError, IndexError, KeyError) as error:
        raise ValueError("its config.json names no architecture") from error


def _transformers() -> Any:
    import transformers  # noqa: PLC0415 - it takes seconds

    return transformers
