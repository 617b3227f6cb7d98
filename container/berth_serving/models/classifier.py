"""Token classifiers: folders in transformers' format, computed by the server's own code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config import Settings
from ..errors import LoadError
from ..servable import JSON, Request
from .folder import default_accept, example_in
from .text_model import TextEngine, TextModel

_SENTENCE = b'{"text": "Anna Schmidt lives in Berlin and works for Siemens."}'
_SUFFIX = "ForTokenClassification"


def load_classifier(settings: Settings) -> TextModel:
    """Load the model's folder as a token classifier."""
    return TextModel(
        engine_of(settings.model_dir, settings),
        default_accept=default_accept(settings),
        example=example_in(settings.model_dir) or Request(_SENTENCE, content_type=JSON),
    )


def engine_of(
    folder: Path, settings: Settings, decode: Callable[..., Any] | None = None
) -> TextEngine:
    """Load a classifier's folder; `decode` replaces the post-processing.

    Raises:
        LoadError: if it holds no token classifier, or one in a pickle.
    """
    _check(folder)
    from ..tokens.classifier import TokenClassifier  # noqa: PLC0415 - it imports its engine

    return TokenClassifier(folder, decode=decode, settings=settings)


def _check(folder: Path) -> None:
    config = folder / "config.json"
    try:
        found = json.loads(config.read_bytes())
        architectures = [str(name) for name in found["architectures"]]
    except OSError as error:
        raise LoadError(f"{config}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise LoadError(f"{config}: has no architectures, which transformers writes") from error
    if not any(name.endswith(_SUFFIX) for name in architectures):
        raise LoadError(
            f"{config}: {' and '.join(architectures) or 'nothing'}, but only …{_SUFFIX} is served "
            "without code of its own (code/inference.py)"
        )
    if not (folder / "tokenizer.json").exists():
        raise LoadError(
            f"{folder}: no tokenizer.json; save it with the model: a fast tokenizer's "
            "save_pretrained writes it"
        )
    if not (folder / "model.safetensors").exists():
        found = "no model.safetensors"
        if (folder / "pytorch_model.bin").exists():
            found = "its weights are a pickle (pytorch_model.bin), which is not loaded"
        raise LoadError(f"{folder}: {found}; save_pretrained(safe_serialization=True) writes one")
