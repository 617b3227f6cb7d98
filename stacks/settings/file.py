"""Reading stages.toml."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ValidationError

from stacks.credentials import lines_with_credentials
from stacks.model_lock import folder_of
from stacks.settings.mistakes import describe, nearest, toml_value, unless_secret
from stacks.settings.pipeline import PipelineSettings
from stacks.settings.stage import StageSettings
from stacks.settings.values import Array, ProjectName, SettingsError, Table, matching

STAGE_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
SHARED_KEYS = ("project", "model", "container", "pipeline")


class ModelSettings(Table):
    """`[model]`."""

    path: str
    """a model folder, from this file's folder: MLflow's, one with code/inference.py, or what
    transformers saved; or an address that `berth model fetch` brings: `models:/`, `runs:/`,
    `mlflow-artifacts:`, or an archive `s3://….tar.gz`"""
    python: Annotated[
        str | None, matching(r"3\.[0-9]+(\.[0-9]+)?", 'must be a version of Python, as "3.12"')
    ] = None
    """Python of a model folder that is not MLflow's, which says it itself"""
    requirements: Array[str] = ()
    """packages of a model folder that is not MLflow's, as lines of a requirements.txt; those of
    its code/requirements.txt come before them"""
    batch_requests: bool = False
    """the models work row by row: rows of several requests share one `predict`; a model that the
    input example shows to work otherwise is not loaded"""

    @property
    def environment(self) -> dict[str, str]:
        """What the server is told of the models, by the names that it knows."""
        return {"BERTH_BATCH_REQUESTS": "1"} if self.batch_requests else {}


class ContainerSettings(Table):
    """`[container]`."""

    cuda: Literal["12.6", "13.0", "none"]
    """CUDA of the PyTorch build in the image; "none" for a CPU image"""


class Settings(Table):
    """stages.toml as a whole."""

    project: ProjectName
    """first part of every name; the endpoint is `<project>-<stage>`"""
    model: ModelSettings
    container: ContainerSettings
    pipeline: PipelineSettings | None = None
    stages: dict[str, StageSettings]
    file: Path

    def stage(self, name: str) -> StageSettings:
        """A stage's own tables.

        Raises SettingsError where there is no such stage.
        """
        if name not in self.stages:
            known = ", ".join(self.stages)
            raise SettingsError(f"{self.file.name}: no stage {name!r}; there are {known}")
        return self.stages[name]

    @property
    def model_paths(self) -> list[str]:
        """Every model folder that a stage serves, as it stands in the file; `model.path` first."""
        named = [self.model.path]
        for stage in self.stages.values():
            named += [variant.model for variant in stage.variants.values() if variant.model]
            named += [stage.shadow.model] if stage.shadow else []
        return list(dict.fromkeys(named))

    @property
    def model_folder(self) -> Path:
        """The model's folder: `model.path`, taken from the folder of stages.toml."""
        return self.folder_of(self.model.path)

    def folder_of(self, path: str) -> Path:
        """The folder of any path of a model; that of an address is the one that was fetched."""
        return folder_of(path, self.file.parent)


def load(file: Path) -> Settings:
    """Read stages.toml.

    Raises:
        SettingsError: with one line a mistake, each naming file, key, value and what is allowed.
    """
    raw = _read(file)
    misplaced = [_misplaced(name, raw) for name in raw if not _is_known(name, raw)]
    if misplaced:
        raise SettingsError("\n".join(f"{file.name}: {line}" for line in misplaced))
    shared = {key: raw.pop(key) for key in SHARED_KEYS if key in raw}
    defaults = raw.pop("defaults", {})
    if not raw:
        raise SettingsError(f"{file.name}: no stage; add a table such as [dev]")
    stages = {name: _merged(defaults, stage) for name, stage in raw.items()}
    try:
        return Settings.model_validate({**shared, "stages": stages, "file": file})
    except ValidationError as error:
        lines = [describe(details, Settings, raw, defaults) for details in error.errors()]
        raise SettingsError(
            "\n".join(f"{file.name}: {line}" for line in dict.fromkeys(lines))
        ) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        if lines := lines_with_credentials(text):
            raise SettingsError(
                f"{file.name}: line {lines[0]} has an address with a password or a token: take it "
                "out, and have it replaced where it is valid; this file goes into every release"
            )
        return tomllib.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"{file.name}: no such file in {file.parent.resolve()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name}: not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{file.name}: cannot be read: {error.strerror}") from None


def _is_known(name: str, raw: dict[str, Any]) -> bool:
    """Whether a top-level name is one of this file's own, or a table that can be a stage."""
    content = raw[name]
    if name in SHARED_KEYS:
        return True  # its model judges the content
    if name == "defaults" or not isinstance(content, dict):
        return isinstance(content, dict)
    return bool(STAGE_NAME.fullmatch(name)) and ("account" in content or not _misspelt(name, raw))


def _misspelt(name: str, raw: dict[str, Any]) -> str:
    return nearest(name, [key for key in (*SHARED_KEYS, "defaults") if key not in raw])


def _misplaced(name: str, raw: dict[str, Any]) -> str:
    if name == "defaults":
        return f"defaults{toml_value(raw[name])}: must be a table: [defaults]"
    return f"{name}{unless_secret(name, raw[name])}: neither a key of this file nor a stage" + (
        _misspelt(name, raw) or "; a stage is a table named in lower-case letters, as [dev]"
    )


def _merged(defaults: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for key, value in stage.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_tables else value
    return merged
