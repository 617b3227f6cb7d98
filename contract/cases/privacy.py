"""Where a container lets what it is sent turn up."""

from contract import canary
from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.cases.invocations import malformed_for
from contract.client import NoResponse
from contract.sources import known

JUDGES_THE_OTHERS = "privacy.canary"


@case(
    JUDGES_THE_OTHERS,
    Need.PRACTICE,
    known("exceptions that quote the request in a log that is kept for a year"),
)
def canary_word(bench: Bench) -> str:
    """No log, metric or response to another request has what was sent, in this or any other case.

    Each case sends a word of its own, and the runner looks for it after the case. This case runs
    last, and sends what a model refuses.
    """
    example = bench.example
    sent = [example, malformed_for(example), example.poisoned() if example.is_json else None]
    for each in [*sent, *sent]:
        if each is not None:
            try:
                bench.invoke(each)
            except NoResponse:
                continue
    bench.look()
    found = [f"{place}: {', '.join(cases)}" for place, cases in bench.lookout.found.items()]
    required(not found, f"what was sent turns up in {'; in '.join(found)}")
    if bench.launcher is None:
        return "its log cannot be seen from here"
    return "" if canary.words(example.body) else "the example has no text to mark"
