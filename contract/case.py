"""The type of a case, and the registry of all cases."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from contract.bench import Bench
from contract.container import Setup
from contract.sources import Source


class Need(StrEnum):
    """How binding a case is."""

    REQUIRED = "required"
    OPTIONAL = "optional"  # documented, and binding for a container that offers the feature
    PRACTICE = "practice"  # not documented as binding, but other servers get it wrong


# A case that passes may return a note for the report.
Check = Callable[[Bench], str | None]


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
    id: str, need: Need, source: Source, *, setup: Setup = Setup.SERVER
) -> Callable[[Check], Check]:
    """Register a function as a case; cases run in the order of their registration.

    The case's title, which `berth contract` and docs/contract.md show, is the first paragraph of
    the function's docstring.
    """

    def register(check: Check) -> Check:
        title = inspect.cleandoc(check.__doc__ or "").partition("\n\n")[0].removesuffix(".")
        CASES.append(Case(id, title, source, need, setup, check))
        return check

    return register
