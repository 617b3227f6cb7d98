"""stages.toml as frozen models: every mistake is one readable line.

The tables `[model]`, `[container]` and `[defaults]` stand beside one table a stage. What a stage
leaves out comes from `[defaults]`.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from stacks.aws_data import hosting_instance_types, sagemaker_regions
from stacks.mistakes import describe, nearest, toml_value

# PutRetentionPolicy takes these alone (a test holds them against CloudFormation's own schema).
# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)
# fmt: on

# SageMaker's names hold letters, digits and hyphens, 63 at most: <project>-<stage> has to fit.
PROJECT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
STAGE_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")

SHARED_KEYS = ("project", "model", "container")


class SettingsError(Exception):
    """stages.toml cannot be used; the text is one line a mistake."""


def _refuse(reason: str) -> PydanticCustomError:
    # Braces in a value must not be taken for the template's own.
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def _conflict(reason: str) -> PydanticCustomError:
    # A value that is wrong beside another one, which may stand in another table.
    return PydanticCustomError("conflict", "{reason}", {"reason": reason})


def _project_name(value: str) -> str:
    if not PROJECT_NAME.fullmatch(value) or len(value) > 32:
        raise _refuse("must be 1 to 32 lower-case letters, digits and single hyphens inside")
    return value


def _instance_type(value: str) -> str:
    known = hosting_instance_types()
    if value not in known:
        raise _refuse("no such SageMaker instance type" + nearest(value, known))
    return value


def _region(value: str) -> str:
    known = sagemaker_regions()
    if value not in known:
        raise _refuse("no region that has SageMaker" + nearest(value, known))
    return value


def _account(value: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", value):
        raise _refuse("must be an AWS account id: 12 digits in quotes")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise _refuse("must be an e-mail address")
    return value


def _retention_days(value: int) -> int:
    if value not in RETENTION_DAYS:
        nearest_days = min(RETENTION_DAYS, key=lambda days: abs(days - value))
        raise _refuse(f"CloudWatch Logs has no such retention; the nearest is {nearest_days}")
    return value


class Table(BaseModel):
    """A table of stages.toml: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelSettings(Table):
    """`[model]`."""

    path: Annotated[str, Field(description="an MLflow model folder, from this file's folder")]


class ContainerSettings(Table):
    """`[container]`."""

    cuda: Annotated[
        Literal["12.6", "13.0", "none"],
        Field(description='CUDA of the PyTorch build in the image; "none" for a CPU image'),
    ]


class EndpointSettings(Table):
    """`[<stage>.endpoint]`. Capacities are instances."""

    instance_type: Annotated[
        str, AfterValidator(_instance_type), Field(description="a SageMaker hosting instance type")
    ]
    min_capacity: Annotated[int, Field(ge=1, description="fewest instances that scaling keeps")]
    max_capacity: Annotated[int, Field(ge=1, description="most instances that scaling starts")]
    initial_capacity: Annotated[
        int, Field(ge=1, description="instances of the first deployment; scaling decides after it")
    ]
    invocations_per_instance: Annotated[
        float,
        Field(gt=0, description="invocations a minute and instance that scaling aims at"),
    ]

    @field_validator("max_capacity", "initial_capacity")
    @classmethod
    def _at_least_the_minimum(cls, value: int, info: ValidationInfo) -> int:
        lowest = info.data.get("min_capacity", value)
        if value < lowest:
            raise _conflict(f"must be at least min_capacity ({lowest})")
        return value

    @field_validator("initial_capacity")
    @classmethod
    def _at_most_the_maximum(cls, value: int, info: ValidationInfo) -> int:
        highest = info.data.get("max_capacity", value)
        if value > highest:
            raise _conflict(f"must be at most max_capacity ({highest})")
        return value


class AlarmSettings(Table):
    """`[<stage>.alarms]`. An alarm goes off where its metric is above the number."""

    invocation_5xx_errors: Annotated[int, Field(ge=0, description="5XX answers in a minute")]
    model_latency_p99_ms: Annotated[
        float, Field(gt=0, description="99th percentile of ModelLatency, milliseconds")
    ]
    gpu_memory_percent: Annotated[
        float, Field(gt=0, le=100, description="GPU memory in use, percent of all of an instance")
    ]
    subscribers: Annotated[
        tuple[Annotated[str, AfterValidator(_email)], ...],
        # TOML knows arrays, not tuples; the frozen model holds a tuple.
        Field(strict=False, description="e-mail addresses that hear of alarms"),
    ]


class StageSettings(Table):
    """One stage, `[defaults]` filled in."""

    account: Annotated[
        str, AfterValidator(_account), Field(description="the stage's AWS account id")
    ]
    region: Annotated[str, AfterValidator(_region), Field(description="the stage's AWS region")]
    termination_protection: Annotated[
        bool, Field(description="refuse to delete the stage's stacks")
    ]
    log_retention_days: Annotated[
        int,
        AfterValidator(_retention_days),
        Field(description="days that the endpoint's logs are kept"),
    ]
    endpoint: EndpointSettings
    alarms: AlarmSettings


class Settings(Table):
    """stages.toml as a whole."""

    project: Annotated[
        str,
        AfterValidator(_project_name),
        Field(description="first part of every name; the endpoint is `<project>-<stage>`"),
    ]
    model: ModelSettings
    container: ContainerSettings
    stages: dict[str, StageSettings]
    file: Path

    @property
    def model_folder(self) -> Path:
        """The model's folder: `model.path`, taken from the folder of stages.toml."""
        return self.file.parent / self.model.path


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
        return tomllib.loads(file.read_text(encoding="utf-8"))
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
    return f"{name}{toml_value(raw[name])}: neither a key of this file nor a stage" + (
        _misspelt(name, raw) or "; a stage is a table named in lower-case letters, as [dev]"
    )


def _merged(defaults: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for key, value in stage.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_tables else value
    return merged
