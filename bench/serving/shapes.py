"""The models of the benchmarks: made once for each shape, and kept."""

import hashlib
import shutil
from pathlib import Path

from ..environments import CACHE
from . import workload

SHAPES = {"small": (4, 256), "base": (12, 768), "large": (24, 1024)}  # layers, width


def model_of(shape: str) -> Path:
    """The folder of a model of that shape."""
    digest = hashlib.sha256(Path(workload.__file__).read_bytes()).hexdigest()[:12]
    folder = CACHE / f"model-{shape}-{digest}"
    if not folder.exists():
        layers, width = SHAPES[shape]
        unfinished = folder.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        workload.make_model(unfinished, layers=layers, width=width, seed=0)
        unfinished.rename(folder)
    return folder
