"""The golden set: requests, and the spans that the model has to find in them (docs/model.md)."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from promotion import PromotionError
from promotion.document import DocumentPart, first_mistake
from promotion.evidence import Golden, Spans

Span = tuple[int, int, str]
"""Start, end (code points of the text, the end excluded) and label."""

OTHER = "(other)"
"""Stands for the labels that a model gives and the golden set does not have: they may be texts."""

Found = frozenset[Span] | None
"""The spans that the model found in a case; None where there was no readable response."""


class Entity(DocumentPart, strict=True, extra="forbid"):
    """A span that the model has to find."""

    start: int = Field(ge=0)
    end: int
    label: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_not_empty(self) -> "Entity":
        if self.end <= self.start:
            raise ValueError("end must be greater than start")
        return self


class Case(DocumentPart, strict=True, extra="forbid"):
    """A line of golden.jsonl: the body of a request for one text, and the spans in that text."""

    input: JsonValue
    entities: tuple[Entity, ...]

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


def parse(content: bytes, name: str) -> tuple[Case, ...]:
    """The cases of a golden set.

    Raises PromotionError, with `name` and the number of the line, where a line is not a case.
    """
    lines = content.removesuffix(b"\n").split(b"\n")
    return tuple(_case(line, f"{name}, line {number}") for number, line in enumerate(lines, 1))


def _case(line: bytes, where: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        reason = first_mistake(error)
        raise PromotionError(f"{where}: not a case of a golden set: {reason}") from None


def score(content: bytes, cases: Sequence[Case], found: Sequence[Found]) -> Golden:
    """How well the spans of the cases were found; without a response none is found."""
    labels = {label for case in cases for _, _, label in case.spans}
    wanted, given, right = Counter[str](), Counter[str](), Counter[str]()
    exact = 0
    for case, response in zip(cases, found, strict=True):
        spans = response or frozenset()
        exact += response == case.spans
        for counter, some in ((wanted, case.spans), (given, spans), (right, case.spans & spans)):
            counter.update(label if label in labels else OTHER for _, _, label in some)
    return Golden(
        sha256=hashlib.sha256(content).hexdigest(),
        cases=len(cases),
        exact=exact,
        labels={
            label: Spans(expected=wanted[label], found=given[label], right=right[label])
            for label in sorted(wanted | given)
        },
    )
