"""What all kinds of model folders have: an example, and a default type of responses."""

from pathlib import Path

from ..codecs import media
from ..config import Settings
from ..errors import LoadError
from ..servable import JSON, Request

EXAMPLE = "serving_input_example.json"


def example_in(folder: Path) -> Request | None:
    """Return the request that MLflow, or whoever made the folder, has put there as an example."""
    example = folder / EXAMPLE
    return Request(example.read_bytes(), content_type=JSON) if example.exists() else None


def default_accept(settings: Settings) -> str | None:
    """Return the type that is answered where the client leaves it open.

    Raises:
        LoadError: when no answer can be made in the one that is set.
    """
    name = settings.default_accept.strip().lower()
    if name in {"", "*/*"}:
        return None
    if not media.known(name):
        raise LoadError(
            f"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT={settings.default_accept!r}: must be "
            f"{media.formats()}"
        )
    return name
