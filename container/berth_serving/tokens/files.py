"""The files of a folder in transformers' format."""

from pathlib import Path

from ..errors import LoadError


def check_files(weights: Path, tokenizer: Path) -> None:
    """Raise LoadError where weights or tokenizer are not in the form that is loaded."""
    if not (tokenizer / "tokenizer.json").exists():
        raise LoadError(
            f"{tokenizer}: no tokenizer.json; save it with the model: a fast tokenizer's "
            "save_pretrained writes it"
        )
    if not (weights / "model.safetensors").exists():
        found = "no model.safetensors"
        if (weights / "pytorch_model.bin").exists():
            found = "its weights are a pickle (pytorch_model.bin), which is not loaded"
        raise LoadError(f"{weights}: {found}; save_pretrained(safe_serialization=True) writes one")
