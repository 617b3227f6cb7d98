"""Runs cases and collects their results."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch

from psutil import Error as PsError

import contract.cases  # noqa: F401 - registers them
from contract import canary
from contract.assertions import Failed, Skipped
from contract.bench import Bench
from contract.case import CASES, Case, Need
from contract.cases.privacy import JUDGES_THE_OTHERS
from contract.container import Setup

# Unexpected responses, and processes that have ended, raise these.
_SURPRISES = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, PsError)


class Verdict(StrEnum):
    """The result of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """A case's verdict, a note for the report, and the seconds that it took."""

    case: Case
    verdict: Verdict
    note: str
    seconds: float


def chosen(patterns: Sequence[str]) -> list[Case]:
    """Return the cases whose id matches one of the patterns; all where there are none."""
    found = [
        case
        for case in CASES
        if not patterns or any(fnmatch(case.id, pattern) for pattern in patterns)
    ]
    # The cases of a setup share one start; the last case judges what the others have shown.
    return sorted(
        found, key=lambda case: (case.id == JUDGES_THE_OTHERS, list(Setup).index(case.setup))
    )


def run(
    bench: Bench, cases: Sequence[Case], before: Callable[[Case], None] = lambda _: None
) -> list[Result]:
    """Run the cases in order, and end the container."""
    results = []
    try:
        for case in cases:
            before(case)
            results.append(_run_one(bench, case))
    finally:
        bench.close()
    return results


def _run_one(bench: Bench, case: Case) -> Result:
    began = time.monotonic()
    bench.lookout.case = case.id
    try:
        bench.turn_to(case.setup)
        verdict, note = Verdict.PASSED, case.check(bench) or ""
    except Failed as failure:
        end = bench.end()
        verdict, note = Verdict.FAILED, f"{failure}; {end}" if end else str(failure)
    except _SURPRISES as surprise:
        verdict, note = Verdict.FAILED, f"unexpected: {type(surprise).__name__}: {surprise}"
    except Skipped as reason:
        verdict, note = Verdict.SKIPPED, str(reason)
    bench.look()
    note = canary.withheld(" ".join(note.split()))
    return Result(case, verdict, note, time.monotonic() - began)


def is_certified(results: Sequence[Result], *, strict: bool) -> bool:
    """Whether no binding case failed; `strict` binds good practice too."""
    return not any(
        result.verdict is Verdict.FAILED and (strict or result.case.need is not Need.PRACTICE)
        for result in results
    )
