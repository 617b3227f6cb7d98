"""What stages.toml says of a stage, as far as pushing a model to it asks."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class StageError(Exception):
    """The stage cannot be used; the text is one line."""


@dataclass(frozen=True)
class Stage:
    """A stage's place in AWS, and the project's model folder."""

    project: str
    name: str
    account: str
    region: str
    model_folder: Path

    @property
    def storage_stack(self) -> str:
        """The CloudFormation stack that has the stage's bucket."""
        return f"{self.project}-{self.name}-storage"


def read_stage(file: Path, name: str) -> Stage:
    """Read one stage.

    Raises:
        StageError: where the file, the stage or one of its keys is not there.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StageError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{file}: not valid TOML: {error}") from None
    shared = {"project", "model", "container", "defaults"}
    stages = {
        key: table
        for key, table in content.items()
        if isinstance(table, dict) and key not in shared
    }
    if name not in stages:
        there = ", ".join(stages) or "none"
        raise StageError(f"{file}: no stage [{name}]; there are: {there}")
    defaults = content.get("defaults", {})
    stage = {**(defaults if isinstance(defaults, dict) else {}), **stages[name]}
    model = content.get("model", {})
    return Stage(
        project=_text(content, "project", file),
        name=name,
        account=_text(stage, "account", file, f"{name}."),
        region=_text(stage, "region", file, f"{name}."),
        model_folder=file.parent / _text(model, "path", file, "model."),
    )


def _text(table: Any, key: str, file: Path, where: str = "") -> str:
    value = table.get(key) if isinstance(table, dict) else None
    if not isinstance(value, str) or not value:
        raise StageError(f"{file}: {where}{key} is missing, or no string")
    return value
