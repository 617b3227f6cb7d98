"""What a case is, and the register of all."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from contract.sources import Source

if TYPE_CHECKING:
    from contract.bench import Bench


class Need(StrEnum):
    """How binding a case is."""

    REQUIRED = "required"
    OPTIONAL = "optional"  # documented, and binding for those who offer it
    PRACTICE = "practice"  # not documented, or not as binding; others got it wrong


class Setup(StrEnum):
    """What the container is started as for a case."""

    SERVER = "server"
    BATCH = "batch"
    MULTI_MODEL = "multi-model"


class Failed(Exception):  # noqa: N818 - a verdict
    """The container does not do what the case asks for; the message says what it did."""


class Skipped(Exception):  # noqa: N818
    """The case does not apply; the message says why."""


# A case returns what is worth knowing although it passed.
Check = Callable[["Bench"], str | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a container has to do."""

    id: str
    title: str
    source: Source
    need: Need
    setup: Setup
    check: Check


CASES: list[Case] = []


def case(
    id: str, title: str, *, source: Source, need: Need, setup: Setup = Setup.SERVER
) -> Callable[[Check], Check]:
    """Register a function as a case; cases run in the order of their registration."""

    def register(check: Check) -> Check:
        CASES.append(Case(id, title, source, need, setup, check))
        return check

    return register


def required(condition: object, otherwise: str) -> None:
    """Fail the case with `otherwise` unless the condition holds."""
    if not condition:
        raise Failed(otherwise)
