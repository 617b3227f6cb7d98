"""Finds out what kind of model a folder holds, after its files and versions are checked."""

import logging

from ..config import Settings
from ..errors import LoadError
from ..servable import Servable
from . import handlers, manifest, versions
from .classifier import is_encoder, load_encoder
from .handler_model import load_handlers
from .invocation import load_invocation

_log = logging.getLogger(__name__)


def load(settings: Settings) -> Servable:
    """Check the model's folder and load it.

    It holds, in this order, handlers (`code/inference.py`), an MLflow model (`MLmodel`) or an
    encoder that transformers (`config.json`) or sentence-transformers (`modules.json`) saved.

    Raises:
        LoadError: if the folder was changed, was made with other versions, or holds no model.
        Exception: any error of the model's own code.
    """
    folder = settings.model_dir
    if not folder.is_dir():
        raise LoadError(f"{folder}: no such folder; it must hold the model")
    if settings.manifest_sha256:
        manifest.verify(folder, settings.manifest_sha256)
    found = versions.differences(versions.read(folder))
    if not settings.skip_version_check:
        versions.refuse(found)
    if found:
        _log.warning("versions differ: %s", "; ".join(str(difference) for difference in found))
    return _load(settings)


def _load(settings: Settings) -> Servable:
    folder = settings.model_dir
    program = handlers.program(settings)
    if program is not None:
        model = load_handlers(program, settings)
        if model is not None:
            return model
        raise LoadError(f"{program}: defines none of {', '.join(handlers.HANDLERS)}")
    if (invocation := load_invocation(settings)) is not None:
        return invocation
    if (folder / "MLmodel").exists():
        from .mlflow_folder import load_mlflow  # noqa: PLC0415 - it imports MLflow: seconds

        return load_mlflow(settings)
    if is_encoder(folder):
        return load_encoder(settings)
    raise LoadError(
        f"{folder}: no model; it must hold code/inference.py, MLmodel, the config.json of a "
        "classifier that transformers saved, or sentence-transformers' modules.json"
    )
