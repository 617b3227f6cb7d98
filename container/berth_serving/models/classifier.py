"""Encoders: folders in transformers' or sentence-transformers' format, computed by own code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config import Settings
from ..errors import LoadError
from ..servable import JSON, Request
from ..tokens.files import check_files
from .folder import default_accept, example_in
from .text_model import TextEngine, TextModel

MODULES = "modules.json"
"""What sentence-transformers writes."""

_SENTENCE = b'{"text": "Anna Schmidt lives in Berlin and works for Siemens."}'
_KINDS = _TOKENS, _SEQUENCES = "ForTokenClassification", "ForSequenceClassification"


def is_encoder(folder: Path) -> bool:
    """Whether a folder is one that transformers or sentence-transformers saved."""
    return any((folder / name).exists() for name in ("config.json", MODULES))


def load_encoder(settings: Settings) -> TextModel:
    """Load the model's folder as an encoder."""
    return TextModel(
        engine_of(settings.model_dir, settings),
        default_accept=default_accept(settings),
        example=example_in(settings.model_dir) or Request(_SENTENCE, content_type=JSON),
    )


def engine_of(
    folder: Path, settings: Settings, decode: Callable[..., Any] | None = None
) -> TextEngine:
    """Load an encoder's folder; `decode` replaces the post-processing of a token classifier.

    Raises:
        LoadError: if it holds none that is served without code of its own, or one in a pickle.
    """
    from ..tokens import sequences  # noqa: PLC0415 - it imports its engine
    from ..tokens.classifier import TokenClassifier  # noqa: PLC0415

    if (folder / MODULES).exists() and decode is None:
        return sequences.SentenceEncoder(folder, settings=settings)
    kind = _kind(folder)
    if kind == _SEQUENCES and decode is None:
        return sequences.SequenceClassifier(folder, settings=settings)
    return TokenClassifier(folder, decode=decode, settings=settings)


def _kind(folder: Path) -> str:
    """The kind of a folder that transformers saved, of those that are served."""
    config = folder / "config.json"
    try:
        found = json.loads(config.read_bytes())
        architectures = [str(name) for name in found["architectures"]]
    except OSError as error:
        raise LoadError(f"{config}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise LoadError(f"{config}: has no architectures, which transformers writes") from error
    known = (end for end in _KINDS for name in architectures if name.endswith(end))
    if (kind := next(known, None)) is None:
        raise LoadError(
            f"{config}: {' and '.join(architectures) or 'nothing'}, but only …{_TOKENS},"
            f" …{_SEQUENCES} and what sentence-transformers saved are served without code of"
            " their own (code/inference.py)"
        )
    check_files(folder, folder)
    return kind
