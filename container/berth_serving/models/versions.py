"""Compares the versions that a model's folder records with those here.

MLflow only warns about differences. Here, one that breaks unpickling or changes predictions is
refused before any of the model is loaded; other differences are one warning.
"""

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ..errors import LoadError

_CURE = (
    "build the image from this model's own requirements.txt and Python version, or log the model "
    "again with the versions here; BERTH_SKIP_VERSION_CHECK=1 loads it all the same"
)

# The number of leading parts of a version that must agree. torch, transformers and numpy read
# weights and state across minor versions; tokenizers is at 0.x, where the second part may break;
# scikit-learn does not support unpickling across minor versions.
_MUST_AGREE = {"torch": 1, "transformers": 1, "tokenizers": 2, "numpy": 1, "scikit-learn": 2}


@dataclass(frozen=True, slots=True)
class RecordedVersions:
    """The versions of Python and of packages that a model folder records."""

    python: str | None
    packages: dict[str, str]
    pickled: bool = False
    """Whether the model itself is a pickle by cloudpickle instead of code."""
    saved_by: str | None = None
    """The version of transformers that wrote config.json; later versions can read it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A package (or Python) whose version here (None: not installed) is not the recorded one."""

    name: str
    recorded: str
    here: str | None
    fatal: bool

    def __str__(self) -> str:
        return f"{self.name} {self.recorded} made the model, here is {self.here or 'none'}"


def read(folder: Path) -> RecordedVersions:
    """Read the versions in MLmodel and the files beside it, or else those of code and weights."""
    if (folder / "MLmodel").exists():
        return _mlflow(folder)
    return RecordedVersions(
        None, _pins(folder / "code" / "requirements.txt"), saved_by=_saved_by(folder)
    )


def _mlflow(folder: Path) -> RecordedVersions:
    model = _yaml(folder / "MLmodel")
    flavor = (model.get("flavors") or {}).get("python_function")
    if not isinstance(flavor, dict):
        raise LoadError(
            f"{folder / 'MLmodel'}: no flavors.python_function, which is what is served"
        )
    python = flavor.get("python_version")
    if python is None and (folder / "python_env.yaml").exists():
        python = _yaml(folder / "python_env.yaml").get("python")
    packages = _pins(folder / "requirements.txt")
    if "cloudpickle_version" in flavor:
        packages["cloudpickle"] = str(flavor["cloudpickle_version"])
    return RecordedVersions(
        None if python is None else str(python), packages, pickled="python_model" in flavor
    )


def _saved_by(folder: Path) -> str | None:
    try:
        version = json.loads((folder / "config.json").read_bytes())["transformers_version"]
    except (OSError, ValueError, TypeError, KeyError):
        return None  # the loader reports the fault of the file
    return str(version)


def differences(
    record: RecordedVersions,
    *,
    python: str | None = None,
    installed: Callable[[str], str] = metadata.version,
) -> list[Difference]:
    """List the differences; `installed` returns a package's version or raises."""
    # A pickle of cloudpickle names its private functions, which are renamed between minor versions;
    # pickled code objects belong to one minor version of Python.
    must_agree = {**_MUST_AGREE, "cloudpickle": 2} if record.pickled else _MUST_AGREE
    here: str | None = python or platform.python_version()
    found = [] if record.python is None else [_difference("Python", record.python, here, 2)]
    for name, recorded in record.packages.items():
        here = _installed(name, installed)
        found.append(_difference(name, recorded, here, must_agree.get(name, 0)))
    if record.saved_by is not None and "transformers" not in record.packages:
        found.append(_other_major(record.saved_by, _installed("transformers", installed)))
    return [difference for difference in found if difference is not None]


def refuse(found: list[Difference]) -> None:
    """Raise a LoadError that names all fatal differences and the remedy."""
    if fatal := [str(difference) for difference in found if difference.fatal]:
        raise LoadError(f"{'; '.join(fatal)}. To cure it, {_CURE}")


def _installed(name: str, installed: Callable[[str], str]) -> str | None:
    try:
        return installed(name)
    except metadata.PackageNotFoundError:
        return None


def _other_major(saved_by: str, here: str | None) -> Difference | None:
    """A difference that is not fatal, as a classifier is loaded without transformers."""
    if here is None or _agree(saved_by, here, 1):
        return None
    return Difference("transformers", saved_by, here, fatal=False)


def _difference(name: str, recorded: str, here: str | None, parts: int) -> Difference | None:
    # The part after a plus (2.13.0+cu130) is the build, not the version.
    if here is not None and here.partition("+")[0] == recorded.partition("+")[0]:
        return None
    return Difference(name, recorded, here, fatal=parts > 0 and not _agree(recorded, here, parts))


def _agree(recorded: str, here: str | None, parts: int) -> bool:
    try:
        return here is not None and (
            Version(recorded).release[:parts] == Version(here).release[:parts]
        )
    except InvalidVersion:
        return False


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - MLflow brings it, and only its files need it

    try:
        # Without types, as to YAML 3.10 is the number 3.1.
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise LoadError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LoadError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise LoadError(f"{path}: must hold a mapping")
    return content


def _pins(path: Path) -> dict[str, str]:
    """Read the exact pins of a requirements.txt; other lines cannot be compared."""
    pins = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    for line in lines:
        try:
            requirement = Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        for specifier in requirement.specifier:
            if specifier.operator in {"==", "==="} and "*" not in specifier.version:
                pins[requirement.name.lower().replace("_", "-")] = specifier.version
    return pins
