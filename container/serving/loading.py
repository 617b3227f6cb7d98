"""From a folder to a model that has proved itself, in this order: manifest, versions, example."""

import logging
import time
from typing import TYPE_CHECKING

from . import manifest, record
from .config import Settings

if TYPE_CHECKING:
    from .model import Model

_log = logging.getLogger(__name__)


def load(settings: Settings) -> "Model":
    """Check the model's folder, load the model, and have it answer its own input example.

    Raises:
        LoadError: when it is not what was packed, was made with other versions, or fails.
        Exception: whatever the model's own code raises when it is loaded.
    """
    started = time.perf_counter()
    if settings.manifest_sha256:
        manifest.verify(settings.model_dir, settings.manifest_sha256)
    found = record.differences(record.read(settings.model_dir))
    if not settings.skip_version_check:
        record.refuse(found)
    if found:
        _log.warning("versions differ: %s", "; ".join(str(difference) for difference in found))
    # Only now: until here nothing of the model has run, and MLflow takes seconds to import.
    from .model import Model  # noqa: PLC0415

    model = Model(settings.model_dir)
    model.answer_its_example()
    _log.info(
        "model ready", extra={"model_dir": str(settings.model_dir), "seconds": _since(started)}
    )
    return model


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
