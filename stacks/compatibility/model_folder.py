"""What a model folder says of itself: the versions that its files record, and its size."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from stacks import credentials
from stacks.compatibility.findings import IncompatibleError
from stacks.compatibility.golden_set import GoldenFile, read_golden
from stacks.compatibility.requirements_file import faults, read_requirements
from stacks.compatibility.versions import (
    conda_lines,
    exact_versions,
    mapping,
    mlmodel_versions,
    parsed_requirements,
)
from stacks.model_layout import LayoutError, check_layout
from stacks.model_lock import ModelLockError, check_fetched
from stacks.settings import ModelSettings, Settings

OLDEST_PYTHON = (3, 10)
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".onnx", ".pkl", ".h5", ".msgpack"}


@dataclass(frozen=True)
class ModelRecord:
    """What a model folder, or `[model]` beside it, says of the environment it needs."""

    python_version: str
    requirements: str
    is_encoder: bool = False
    """Whether it holds a model of transformers' that the server's engine for CPUs may compute."""


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
            check_fetched(path, settings.file.parent)
            models[path] = read_model(settings.folder_of(path), path, settings.model)
        except (IncompatibleError, ModelLockError) as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise IncompatibleError("\n".join(mistakes))
    return models


def read_model(folder: Path, name: str, model: ModelSettings | None = None) -> ModelFolder:
    """Read what a model folder records and holds; `name` is what messages call it.

    Raises:
        IncompatibleError: where it is no model folder that an image can be built for.
    """
    record = read_model_record(folder, model)
    mlmodel = _yaml(folder / "MLmodel") if (folder / "MLmodel").exists() else {}
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


def read_model_record(folder: Path, model: ModelSettings | None = None) -> ModelRecord:
    """Read Python and requirements: of MLflow's files, or of code/requirements.txt and `[model]`.

    Raises:
        IncompatibleError: where one is missing, names a Python that the server cannot run on or
            what no image can be built with, or holds credentials.
    """
    if not folder.is_dir():
        raise IncompatibleError(f"{folder}: no such folder; model.path in stages.toml names it")
    if found := credentials.refusals(folder):
        raise IncompatibleError("\n".join(found))
    try:
        kind = check_layout(folder)
    except LayoutError as error:
        raise IncompatibleError(str(error)) from None
    if kind == "mlflow":
        (where, python), requirements = _mlflow_python(folder), _mlflow_requirements(folder)
    else:
        where, python, requirements = _given(folder, model)
    if not re.fullmatch(r"3\.\d+(\.\d+)?", python):
        raise IncompatibleError(f"{where}: python = {python}: must be a version such as 3.11.7")
    if tuple(map(int, python.split(".")[:2])) < OLDEST_PYTHON:
        raise IncompatibleError(
            f"{where}: python = {python}: the server needs Python "
            f"{'.'.join(map(str, OLDEST_PYTHON))} or newer; log the model again under one"
        )
    return ModelRecord(python, requirements, is_encoder=_has_encoder(folder))


def _has_encoder(folder: Path) -> bool:
    """Whether a folder in it has weights that the server's engine for CPUs may compute.

    MLflow keeps a pipeline's tokenizer in another folder than its weights.
    """
    return any(
        (found.parent / "model.safetensors").is_file() for found in folder.rglob("config.json")
    )


def _mlflow_python(folder: Path) -> tuple[str, str]:
    """The file that names the Python, and the version: of python_env.yaml, or else conda.yaml."""
    if (file := folder / "python_env.yaml").exists() or not (folder / "conda.yaml").exists():
        return str(file), str(_yaml(file).get("python"))
    versions = exact_versions(conda_lines(_yaml(file := folder / "conda.yaml")))
    return str(file), versions.get("python", "none")


def _mlflow_requirements(folder: Path) -> str:
    """The lines of requirements.txt, or else those of conda.yaml, which MLflow 1 wrote alone."""
    if (file := folder / "requirements.txt").exists() or not (folder / "conda.yaml").exists():
        return _requirements(file)
    lines = conda_lines(_yaml(file := folder / "conda.yaml"))
    own = [line for line in lines if re.split(r"[^\w.-]", line)[0] not in {"python", "pip"}]
    return _without_faults(file, own)


def _given(folder: Path, model: ModelSettings | None) -> tuple[str, str, str]:
    """Where the Python of a folder without an MLmodel is set, the version and the requirements."""
    python = model.python if model else None
    text = _without_faults("model.requirements in stages.toml", model.requirements if model else ())
    if (code := folder / "code" / "requirements.txt").exists():
        text = f"{_requirements(code).rstrip()}\n{text}"
    if python is None or not text.strip():
        missing = (
            'model.python, as "3.12"' if python is None else 'model.requirements, as ["numpy"]'
        )
        raise IncompatibleError(
            f"{folder}: not MLflow's, so it does not say what it was made with: set {missing}, in "
            "stages.toml"
        )
    return "model.python in stages.toml", python, text


def _requirements(file: Path) -> str:
    try:
        return read_requirements(file)
    except OSError as error:
        raise IncompatibleError(f"{file.parent}: not a whole model folder: {error}") from None


def _without_faults(where: object, lines: Iterable[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    if found := [f"{where}: {says}" for _, says in faults(text)]:
        raise IncompatibleError("\n".join(found))
    return text


def _yaml(file: Path) -> dict[str, Any]:
    try:
        # Without types, as to YAML 3.10 is the number 3.1.
        return mapping(yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader))  # noqa: S506
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the file.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise IncompatibleError(
            f"{file.parent}: not a whole model folder: {file.name}, line {line}: {error.problem}"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise IncompatibleError(
            f"{file.parent}: not a whole model folder: {' '.join(str(error).split())}"
        ) from None
