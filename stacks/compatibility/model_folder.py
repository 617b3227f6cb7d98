"""What a model folder says of itself: the versions that its files record, and its size."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from stacks import credentials
from stacks.compatibility.findings import IncompatibleError
from stacks.compatibility.golden_set import GoldenFile, read_golden
from stacks.compatibility.versions import (
    conda_lines,
    exact_versions,
    mapping,
    mlmodel_versions,
    parsed_requirements,
)
from stacks.settings import Settings

OLDEST_PYTHON = (3, 11)
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".onnx", ".pkl", ".h5", ".msgpack"}


@dataclass(frozen=True)
class ModelRecord:
    """What an MLflow model folder says of the environment it needs."""

    python_version: str
    requirements: str


@dataclass(frozen=True)
class ModelFolder:
    """A model folder as the checks see it."""

    name: str
    """As stages.toml has it."""
    record: ModelRecord
    versions: Mapping[str, Mapping[str, str]]
    """What each file records: by its name, the version of each package (and of `python`)."""
    pickled: bool
    """Whether the model is a pickle by cloudpickle, rather than code."""
    size: int
    """Bytes of all files."""
    largest_file: int
    """Bytes of the largest one."""
    weights: int
    """Bytes of the weights. Of two formats of the same weights the larger counts."""
    golden: GoldenFile | None = None
    """The golden set; None where there is none."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What requirements.txt asks for; lines that are no requirement are left out."""
        return tuple(parsed_requirements(self.record.requirements))

    @property
    def pins(self) -> dict[str, Version]:
        """The exact versions in requirements.txt, without the build behind a plus."""
        return {
            name: Version(version)
            for name, version in exact_versions(self.record.requirements.splitlines()).items()
        }


def read_models(settings: Settings) -> dict[str, ModelFolder]:
    """Read every model folder that stages.toml names, by the path that it has there.

    Raises:
        IncompatibleError: with a line for each folder that cannot be used.
    """
    models, mistakes = {}, []
    for path in settings.model_paths:
        try:
            models[path] = read_model(settings.file.parent / path, path)
        except IncompatibleError as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise IncompatibleError("\n".join(mistakes))
    return models


def read_model(folder: Path, name: str) -> ModelFolder:
    """Read what a model folder records and holds; `name` is what messages call it.

    Raises:
        IncompatibleError: where it is no MLflow model folder that an image can be built for.
    """
    record = read_model_record(folder)
    mlmodel = _yaml(folder / "MLmodel")
    conda = _yaml(folder / "conda.yaml") if (folder / "conda.yaml").exists() else {}
    versions = {
        "python_env.yaml": {"python": record.python_version},
        "requirements.txt": exact_versions(record.requirements.splitlines()),
        "conda.yaml": exact_versions(conda_lines(conda)),
        "MLmodel": dict(mlmodel_versions(mlmodel)),
    }
    files = [file for file in folder.rglob("*") if file.is_file()]
    sizes = {file: file.stat().st_size for file in files}
    weights: Counter[str] = Counter()
    for file, size in sizes.items():
        weights[file.suffix] += size if file.suffix in _WEIGHTS else 0
    flavor = mapping(mapping(mlmodel.get("flavors")).get("python_function"))
    return ModelFolder(
        name=name,
        record=record,
        versions=versions,
        pickled="python_model" in flavor,
        size=sum(sizes.values()),
        largest_file=max(sizes.values()),
        weights=max(weights.values(), default=0),
        golden=read_golden(folder),
    )


def read_model_record(folder: Path) -> ModelRecord:
    """Read `python_env.yaml` and `requirements.txt` of an MLflow model folder.

    Raises:
        IncompatibleError: where one is missing, names a Python that the server cannot run on, or
            holds credentials.
    """
    if found := credentials.refusals(folder):
        raise IncompatibleError("\n".join(found))
    environment = _yaml(folder / "python_env.yaml")
    try:
        requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise IncompatibleError(f"{folder}: not a whole MLflow model folder: {error}") from None
    python = str(environment.get("python"))
    if not re.fullmatch(r"3\.\d+(\.\d+)?", python):
        raise IncompatibleError(
            f"{folder}/python_env.yaml: python = {python}: must be a version such as 3.11.7"
        )
    if tuple(map(int, python.split(".")[:2])) < OLDEST_PYTHON:
        raise IncompatibleError(
            f"{folder}/python_env.yaml: python = {python}: the server needs Python "
            f"{'.'.join(map(str, OLDEST_PYTHON))} or newer; log the model again under one"
        )
    return ModelRecord(python_version=python, requirements=requirements)


def _yaml(file: Path) -> dict[str, Any]:
    try:
        return mapping(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the file.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise IncompatibleError(
            f"{file.parent}: not a whole MLflow model folder: {file.name}, line {line}: "
            f"{error.problem}"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:  # 2020-13-01 is a ValueError
        raise IncompatibleError(
            f"{file.parent}: not a whole MLflow model folder: {' '.join(str(error).split())}"
        ) from None
