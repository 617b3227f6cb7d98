"""`sagemaker_inference`, for handlers that import it, where its package is not installed.

That are its `content_types`, `decoder`, `encoder` and `errors`, by the names in
https://github.com/aws/sagemaker-inference-toolkit/tree/master/src/sagemaker_inference.
"""

import csv
import json
import sys
from importlib.util import find_spec
from io import BytesIO, StringIO
from types import ModuleType
from typing import Any

_NAME = "sagemaker_inference"
_TYPES = {
    "JSON": "application/json",
    "CSV": "text/csv",
    "NPY": "application/x-npy",
    "OCTET_STREAM": "application/octet-stream",
    "ANY": "*/*",
}


class BaseInferenceToolkitError(Exception):
    """An error with the status of its response."""

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        super().__init__(message)
        self.status_code, self.message, self.phrase = status_code, message, phrase


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    """The same, where only the status has to be given."""

    def __init__(
        self, status_code: int, message: str | None = None, phrase: str | None = None
    ) -> None:
        message = message or "Invalid Request"
        super().__init__(status_code, message, phrase or message)


class UnsupportedFormatError(Exception):
    """A content type that is not read or written."""

    status_code = 415

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")


def decode(obj: Any, content_type: str) -> Any:
    """Read JSON, CSV or NPY as an array."""
    import numpy as np  # noqa: PLC0415

    if content_type == _TYPES["JSON"]:
        return np.array(json.loads(obj))
    if content_type == _TYPES["CSV"]:
        return np.genfromtxt(StringIO(obj), delimiter=",")
    if content_type == _TYPES["NPY"]:
        return np.load(BytesIO(obj), allow_pickle=False)
    raise UnsupportedFormatError(content_type)


def encode(array_like: Any, content_type: str) -> Any:
    """Write an array as JSON, CSV or NPY."""
    import numpy as np  # noqa: PLC0415

    if content_type == _TYPES["JSON"]:
        return json.dumps(array_like, default=lambda value: value.tolist())
    if content_type == _TYPES["CSV"]:
        text = StringIO()
        rows = np.asarray(array_like)
        rows = rows.reshape(-1, 1) if rows.ndim < 2 else rows
        csv.writer(text, lineterminator="\n").writerows(rows.tolist())
        return text.getvalue()
    if content_type == _TYPES["NPY"]:
        stream = BytesIO()
        np.save(stream, array_like)
        return stream.getvalue()
    raise UnsupportedFormatError(content_type)


_PARTS: dict[str, dict[str, Any]] = {
    "content_types": {**_TYPES, "UTF8_TYPES": [_TYPES["JSON"], _TYPES["CSV"]]},
    "decoder": {"decode": decode},
    "encoder": {
        "encode": encode,
        "SUPPORTED_CONTENT_TYPES": {_TYPES["JSON"], _TYPES["CSV"], _TYPES["NPY"]},
    },
    "errors": {
        one.__name__: one
        for one in (
            *(BaseInferenceToolkitError, GenericInferenceToolkitError, UnsupportedFormatError),
        )
    },
}


def provide() -> None:
    """Have `import sagemaker_inference` find these, unless there is the package."""
    if _NAME in sys.modules or find_spec(_NAME) is not None:
        return
    package = sys.modules[_NAME] = ModuleType(_NAME)
    package.__path__ = []
    for name, content in _PARTS.items():
        part = sys.modules[f"{_NAME}.{name}"] = ModuleType(f"{_NAME}.{name}")
        vars(part).update(content)
        setattr(package, name, part)
