"""Token classifiers: folders in transformers' format, served without transformers' code."""

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
    """Load the folder as the whole model.

    Raises:
        LoadError: when it is no token classifier, or holds it as a pickle.
    """
    accept = default_accept(settings)
    return TextModel(
        engine_of(settings.model_dir, settings),
        default_accept=accept,
        example=example_in(settings.model_dir) or Request(_SENTENCE, content_type=JSON),
    )


def engine_of(
    folder: Path, settings: Settings, decode: Callable[..., Any] | None = None
) -> TextEngine:
    """Load the token engine for a classifier's folder; `decode` replaces its post-processing.

    Raises:
        LoadError: when it is no token classifier, or holds it as a pickle.
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
        raise LoadError(f"{config}: names no architectures; transformers writes them") from error
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
        pickled = (folder / "pytorch_model.bin").exists()
        held = (
            "its weights are a pickle (pytorch_model.bin), which is not loaded"
            if pickled
            else ("no model.safetensors")
        )
        raise LoadError(f"{folder}: {held}; save_pretrained(safe_serialization=True) writes one")
