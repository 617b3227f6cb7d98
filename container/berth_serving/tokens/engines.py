"""The engine for a model: ONNX Runtime on CPU where it knows the model, else torch."""

import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import Settings
from ..cores import gpus, usable_cores
from ..errors import LoadError
from .arrays import Engine, Head

_log = logging.getLogger("serving.tokens")


def engine(folder: Path, config: Mapping[str, Any], head: Head, settings: Settings) -> Engine:
    """Load the weights of a folder.

    Raises LoadError where they cannot be loaded, or not in the precision that is set.
    """
    threads = settings.threads or usable_cores()
    if not gpus() and _can_import("onnx", "onnxruntime"):
        from .onnx_engine import OnnxEngine, Unsupported  # noqa: PLC0415 - not every image has it

        try:
            return OnnxEngine(
                folder, config, head=head, threads=threads, precision=settings.cpu_precision
            )
        except Unsupported as error:
            _log.info("torch computes this model: %s", error)
    from .torch_engine import TorchEngine  # noqa: PLC0415 - it takes seconds, and few models need it on CPU

    if settings.cpu_precision != "float32" and not gpus():
        raise LoadError(f"BERTH_CPU_PRECISION={settings.cpu_precision}: not with this model")
    return TorchEngine(folder, head=head, threads=threads, pad=config.get("pad_token_id") or 0)


def _can_import(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)
