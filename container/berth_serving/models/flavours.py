"""MLflow's flavours that the server's own engine computes, and answers as MLflow does.

These are `transformers` of the task text-classification, and `sentence_transformers`, as their
`save_model` writes them without settings of their own.
"""

import logging
from pathlib import Path
from typing import Any

from mlflow.models import Model

from ..config import Settings
from ..errors import LoadError, one_line
from ..tokens.files import check_files
from .classifier import MODULES
from .text_model import TextEngine

_log = logging.getLogger("serving.models")


def encoder_of(metadata: Model, settings: Settings) -> TextEngine | None:
    """The engine for the folder of a model; None where MLflow computes it."""
    try:
        return _of_pipeline(metadata, settings) or _of_sentences(metadata, settings)
    except (LoadError, OSError, KeyError, ValueError) as error:
        _log.info("MLflow computes this model: %s", one_line(error))
        return None


def _of_pipeline(metadata: Model, settings: Settings) -> TextEngine | None:
    flavour: dict[str, Any] = metadata.flavors.get("transformers", {})
    is_plain = (
        flavour.get("instance_type") == "TextClassificationPipeline"
        and flavour.get("components") == ["tokenizer"]
        and not metadata.flavors["python_function"].get("model_config")
        and not flavour.get("prompt_template")
        and "model_binary" in flavour
    )
    if not is_plain:
        return None
    from ..tokens.sequences import SequenceClassifier  # noqa: PLC0415 - it imports its engine

    weights = settings.model_dir / flavour["model_binary"]
    tokenizer = settings.model_dir / "components" / "tokenizer"
    check_files(weights, tokenizer)
    return SequenceClassifier(weights, tokenizer=tokenizer, settings=settings)


def _of_sentences(metadata: Model, settings: Settings) -> TextEngine | None:
    if "sentence_transformers" not in metadata.flavors or (metadata.metadata or {}).get("task"):
        return None
    from ..tokens.sequences import SentenceEncoder  # noqa: PLC0415

    folder: Path = settings.model_dir / metadata.flavors["python_function"]["data"]
    return SentenceEncoder(folder, settings=settings) if (folder / MODULES).exists() else None
