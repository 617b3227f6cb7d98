"""How a scenario is scored, out of what was seen of good requests and of pings."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

PROMPT_SECONDS = 2.0  # an answer within it shows that the server works
AT_THE_END = 5  # pings that are all wrong: it stays so


class Outcome(Enum):
    """What became of a good request."""

    RIGHT = "right"
    REFUSED = "refused"  # 429 or 503, at once: the client knows to come again
    LOST = "lost"  # another status, a broken connection, or a wrong answer
    HUNG = "hung"  # nothing within SageMaker's 60 seconds


@dataclass(frozen=True, slots=True)
class Request:
    """A good request: when it was sent, when it was over (monotonic seconds), and how."""

    begin: float
    end: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping: when it was sent, and whether 200 came within 2 seconds."""

    begin: float
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a scenario came to.

    Attributes:
        ping_seconds: from the fault until /ping no more said what was wrong; 0: it never did;
            inf: it still did at the end.
        serving_seconds: from the fault until good requests were answered again, for good.
        note: what else the scenario measures.
    """

    scenario: str
    good: int
    lost: int
    refused: int
    hung: int
    ping_seconds: float
    serving_seconds: float
    note: str = ""


def score(
    scenario: str,
    fault: float,
    requests: Sequence[Request],
    pings: Sequence[Ping],
    note: str = "",
) -> Score:
    """Score what was seen since the fault, in monotonic seconds."""
    counted = [request for request in requests if request.end >= fault]

    def number(outcome: Outcome) -> int:
        return sum(request.outcome is outcome for request in counted)

    return Score(
        scenario=scenario,
        good=len(counted),
        lost=number(Outcome.LOST),
        refused=number(Outcome.REFUSED),
        hung=number(Outcome.HUNG),
        ping_seconds=ping_wrong_for(fault, counted, pings),
        serving_seconds=served_after(fault, counted),
        note=note,
    )


def served_after(fault: float, requests: Sequence[Request]) -> float:
    """Seconds from the fault until requests were answered, and went on to be; inf if never."""
    ordered = sorted(requests, key=lambda request: request.begin)
    bad = [request.begin for request in ordered if request.outcome in _FAILED]
    last_bad = max(bad, default=-inf)
    after = [request.end for request in ordered if request.begin > last_bad and _right(request)]
    if not after:
        return inf
    return max(0.0, min(after) - fault) if bad else 0.0


def ping_wrong_for(fault: float, requests: Sequence[Request], pings: Sequence[Ping]) -> float:
    """Seconds from the fault until the last ping that was wrong was over; inf if it went on.

    A ping is wrong when it says 200 and the next good request fails, or does not say so and the
    next is answered promptly. Refusals and slow answers leave either open.
    """
    ordered = sorted(requests, key=lambda request: request.begin)
    later = [ping for ping in sorted(pings, key=lambda ping: ping.begin) if ping.begin >= fault]
    judged = [(ping, wrong) for ping in later if (wrong := _wrong(ping, ordered)) is not None]
    wrong_ones = [ping for ping, wrong in judged if wrong]
    if not wrong_ones:
        return 0.0
    if all(wrong for _, wrong in judged[-AT_THE_END:]):
        return inf
    after = (ping.begin for ping in later if ping.begin > wrong_ones[-1].begin)
    return next(after, wrong_ones[-1].begin) - fault


def _wrong(ping: Ping, ordered: Sequence[Request]) -> bool | None:
    following = next((request for request in ordered if request.begin >= ping.begin), None)
    if following is None:
        return None
    if ping.good:
        return following.outcome in _FAILED
    prompt = _right(following) and following.end - ping.begin < PROMPT_SECONDS
    return True if prompt else None if _right(following) else False


def _right(request: Request) -> bool:
    return request.outcome is Outcome.RIGHT


_FAILED = (Outcome.LOST, Outcome.HUNG)
