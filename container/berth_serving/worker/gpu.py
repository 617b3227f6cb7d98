"""A GPU that is here and cannot be used is a reason not to start: CPU would be far slower."""

import os
import re
import sys
from pathlib import Path

from ..cores import gpus
from ..errors import LoadError

_DRIVER = Path("/proc/driver/nvidia/version")
# The image sets `all` for machines with and without a GPU; the others name none.
_NAME_NONE = {"", "all", "none", "void"}


def refuse_cpu(driver: Path = _DRIVER) -> None:
    """Raise LoadError if the loaded model computes by torch, and torch cannot use the GPU."""
    torch = sys.modules.get("torch")
    named = os.environ.get("NVIDIA_VISIBLE_DEVICES", "") not in _NAME_NONE
    wanted = gpus() or (named and "CUDA_VISIBLE_DEVICES" not in os.environ)
    if torch is None or not wanted or torch.cuda.is_available():
        return
    try:
        found = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", driver.read_text())
    except OSError:
        found = None
    version = found[0] if found else "of an unknown version"
    cuda = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA: it is a build for CPU"
    raise LoadError(
        f"a GPU is here, and torch cannot use it: the driver is {version}, and torch "
        f"{torch.__version__} has {cuda}; install a torch that this driver supports (the build "
        "argument TORCH_INDEX_URL), or set BERTH_ALLOW_CPU=1 to compute on CPU"
    )
