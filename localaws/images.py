"""The images of `cdk deploy`, under `$LOCALAWS_HOME/images/<tag>/`.

A folder holds the build context that stands for an image, or, where an engine has built it, the
record of that.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localaws.home import LocalAwsError, write
from tools.image.engine import Engine, ImageError, find

MODES = ("auto", "always", "never")

_RECORD = "built.json"
_ARGUMENTS = "build-arguments.json"
_CLIENT = (
    *("PATH", "HOME", "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINER_HOST"),
    *("DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
)


@dataclass(frozen=True)
class Built:
    """An image in an engine's own store.

    Attributes:
        environment: of the engine's client, as it was when the image was built; the emulator's
            own is made to reach no engine.
    """

    program: str
    is_podman: bool
    image: str
    environment: Mapping[str, str] = field(
        default_factory=lambda: {name: os.environ[name] for name in _CLIENT if name in os.environ}
    )

    @property
    def engine(self) -> Engine:
        """The engine that has it."""
        return Engine(self.program, self.is_podman)

    def write(self, folder: Path) -> None:
        """Record it in an image's folder."""
        if folder.is_dir():
            shutil.rmtree(folder)  # the context that stood for it
        folder.mkdir(parents=True)
        write(folder / _RECORD, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, folder: Path) -> "Built | None":
        """Read the record of an image's folder; None where no engine built it."""
        try:
            return cls(**json.loads((folder / _RECORD).read_text()))
        except FileNotFoundError:
            return None


def keep_arguments(folder: Path, arguments: Mapping[str, str]) -> None:
    """Keep what the image would be built with beside the context that stands for it."""
    write(folder / _ARGUMENTS, json.dumps(arguments, indent=2, sort_keys=True))


def build_arguments(folder: Path) -> dict[str, str]:
    """What an image's context was to be built with."""
    file = folder / _ARGUMENTS
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


def mode() -> str:
    """`LOCALAWS_IMAGES`: auto (build where an engine responds), always, never."""
    asked = os.environ.get("LOCALAWS_IMAGES") or "auto"
    if asked not in MODES:
        raise LocalAwsError(f"LOCALAWS_IMAGES={asked!r}: must be {', '.join(MODES)}")
    return asked


def wanted_engine() -> Engine | None:
    """The engine that builds images; None where build contexts are run instead.

    Raises LocalAwsError where one is required and missing.
    """
    if mode() == "never":
        return None
    try:
        return find()
    except ImageError as error:
        if mode() == "always":
            raise LocalAwsError(str(error)) from None
        return None
