"""The golden set: requests, and what is right for each (docs/model.md).

One key of a case says what is right, and with it which evaluator judges the set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

FILE = "golden.jsonl"
EVALUATORS = {
    "entities": "spans",
    "label": "labels",
    "value": "numbers",
    "vector": "vectors",
    "output": "json",
}
"""By the key that says what is right."""

Span = tuple[int, int, str]
"""Start, end (code points of the text, the end excluded) and label."""

_KEYS = ", ".join(EVALUATORS)
_Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class GoldenFile:
    """What a model folder's file holds: the number of cases, or why it cannot be read."""

    cases: int
    mistake: str | None = None


class GoldenSetError(Exception):
    """A line is no case of a golden set; the text is one line, with the line's number."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Entity(_Part):
    """A span that the model has to find."""

    start: Annotated[int, Field(ge=0)]
    end: int
    label: Annotated[str, Field(min_length=1)]

    @field_validator("end")
    @classmethod
    def _is_not_empty(cls, value: int, info: Any) -> int:
        if value <= info.data.get("start", -1):
            raise ValueError("must be greater than start")
        return value


class Case(_Part):
    """A line of the file: the body of a request for one text or row, and what is right for it."""

    input: JsonValue

    @property
    def evaluator(self) -> str:
        """The one that judges it."""
        return next(name for key, name in EVALUATORS.items() if key in type(self).model_fields)


class SpansCase(Case):
    """A case of a token classifier."""

    entities: Annotated[tuple[Entity, ...], Field(strict=False)]

    @field_validator("entities")
    @classmethod
    def _each_once(cls, value: tuple[Entity, ...]) -> tuple[Entity, ...]:
        if len(set(value)) < len(value):
            raise ValueError("an entity is listed twice")
        return value

    @property
    def spans(self) -> frozenset[Span]:
        """The entities as spans."""
        return frozenset((one.start, one.end, one.label) for one in self.entities)


class LabelCase(Case):
    """A case of a classifier of whole texts or rows."""

    label: Annotated[str, Field(min_length=1)] | int | bool


class NumberCase(Case):
    """A case of a regressor, or of what else gives a score."""

    value: _Finite
    tolerance: Annotated[_Finite, Field(ge=0)] = 0.0


class VectorCase(Case):
    """A case of an encoder."""

    vector: Annotated[tuple[_Finite, ...], Field(strict=False, min_length=1)]
    min_cosine: Annotated[_Finite, Field(gt=0, le=1)] = 0.99

    @field_validator("vector")
    @classmethod
    def _has_a_direction(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not any(value):
            raise ValueError("is zero, which has no cosine")
        return value


class OutputCase(Case):
    """A case whose whole response is known."""

    output: JsonValue


_KINDS: dict[str, type[Case]] = {
    "entities": SpansCase,
    "label": LabelCase,
    "value": NumberCase,
    "vector": VectorCase,
    "output": OutputCase,
}


class _AnyLine(BaseModel):
    """Only to see which keys a line has."""

    model_config = ConfigDict(extra="allow")


def read_golden(folder: Path) -> GoldenFile | None:
    """What golden.jsonl of a model folder holds; None where there is none."""
    try:
        return GoldenFile(len(parse((folder / FILE).read_bytes(), FILE)))
    except FileNotFoundError:
        return None
    except OSError as error:
        return GoldenFile(0, f"{FILE}: cannot be read: {error.strerror}")
    except GoldenSetError as error:
        return GoldenFile(0, str(error))


def parse(content: bytes, name: str) -> tuple[Case, ...]:
    """The cases of a golden set, all of one kind.

    Raises GoldenSetError, with `name` and the number of the line, where a line is not a case.
    """
    cases: list[Case] = []
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        where = f"{name}, line {number}"
        cases.append(case := _case(line, where))
        if case.evaluator != cases[0].evaluator:
            raise GoldenSetError(
                f"{where}: is judged as {case.evaluator}, and line 1 as {cases[0].evaluator};"
                " a set has cases of one kind"
            )
    return tuple(cases)


def _case(line: bytes, where: str) -> Case:
    try:
        keys = _AnyLine.model_validate_json(line).model_extra or {}
        given = [key for key in EVALUATORS if key in keys]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise GoldenSetError(
                f"{where}: not a case of a golden set: it has {found} of {_KEYS}; one of them says"
                " what is right"
            )
        return _KINDS[given[0]].model_validate_json(line)
    except ValidationError as error:
        raise GoldenSetError(f"{where}: not a case of a golden set: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """The first mistake by its key, without the value, which may be a text."""
    first = error.errors(include_input=False)[0]
    # A label may be of three types, which pydantic adds to the path.
    path = [str(part) for part in first["loc"]]
    key = ".".join(path[:1] if path[:1] == ["label"] else path)
    reason = "must be a text, a whole number, true or false" if key == "label" else first["msg"]
    return f"{key}: {reason}" if key else reason
