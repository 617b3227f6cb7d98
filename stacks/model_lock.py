"""Models at an address, as `models:/ner@champion`: where they lie once fetched, and their lock.

`berth model fetch` brings them. `models.lock`, beside stages.toml, has for each address what it
stood for and the digest of what came, so that a synth needs no network and takes nothing else.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK = "models.lock"
_ADDRESS = re.compile(r"(models|runs):/.+|mlflow-artifacts:.+|s3://[^/]+/.+\.tar\.gz")


class ModelLockError(Exception):
    """A model is not fetched, or is another than the pinned one; the text is one line."""


@dataclass(frozen=True)
class Pin:
    """What an address stood for, and the SHA-256 of the SHA256SUMS of what came from there."""

    source: str
    sha256: str


def is_address(path: str) -> bool:
    """Whether a model's path is fetched from elsewhere."""
    return bool(_ADDRESS.fullmatch(path))


def folder_of(path: str, beside: Path) -> Path:
    """The folder of a model's path, for a stages.toml that lies in the folder `beside`."""
    if not is_address(path):
        return beside / path
    return beside / "build" / "fetched" / hashlib.sha256(path.encode()).hexdigest()[:12]


def read_lock(beside: Path) -> dict[str, Pin]:
    """The pins, by address. Raises ModelLockError where the file cannot be read."""
    file = beside / LOCK
    try:
        return {path: Pin(**pin) for path, pin in json.loads(file.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise ModelLockError(
            f"{file}: is not as `berth model fetch` writes it; take it from version control"
        ) from None


def write_lock(beside: Path, pins: dict[str, Pin]) -> None:
    """Write the pins, sorted."""
    content = {path: asdict(pins[path]) for path in sorted(pins)}
    (beside / LOCK).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def check_fetched(path: str, beside: Path) -> None:
    """Raise ModelLockError where a path is an address whose model is not here or not pinned."""
    if is_address(path) and not (path in read_lock(beside) and folder_of(path, beside).is_dir()):
        raise ModelLockError(f"{path}: is not fetched; `berth model fetch` brings and pins it")


def check_pinned(path: str, beside: Path, sha256: str) -> None:
    """Raise ModelLockError where the model of an address is not the pinned one."""
    if is_address(path) and (pin := read_lock(beside).get(path)) and pin.sha256 != sha256:
        raise ModelLockError(
            f"{path}: {folder_of(path, beside)} is another than {LOCK} pins ({sha256[:12]}, not "
            f"{pin.sha256[:12]}); `berth model fetch` brings the pinned one again"
        )
