"""The example and the default response type of a model folder of any kind."""

from pathlib import Path

from ..codecs import media
from ..config import Settings
from ..errors import LoadError
from ..servable import JSON, Request

EXAMPLE = "serving_input_example.json"


def example_in(folder: Path) -> Request | None:
    """Return the example request in the folder, if there is one."""
    example = folder / EXAMPLE
    return Request(example.read_bytes(), content_type=JSON) if example.exists() else None


def default_accept(settings: Settings) -> str | None:
    """Return the response type that is set as the default, if there is one."""
    name = settings.default_accept.strip().lower()
    if name in {"", "*/*"}:
        return None
    if not media.known(name):
        raise LoadError(
            f"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT={settings.default_accept!r}: must be "
            f"{media.formats()}"
        )
    return name
