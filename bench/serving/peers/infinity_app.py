"""infinity's own command line; optimum, which it imports, wants an older torch to export by.

What that torch has and ours lacks is of the exporter, which nothing here uses.
"""

from typing import Any
from unittest.mock import MagicMock

import torch.onnx.symbolic_opset14 as exporter


def _missing(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return MagicMock()


vars(exporter)["__getattr__"] = _missing

import optimum.onnxruntime  # type: ignore[import-not-found] # noqa: E402, F401
from infinity_emb.cli import cli  # type: ignore[import-not-found] # noqa: E402

cli()
