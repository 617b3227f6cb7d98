"""Admission: a request is accepted if its response can be ready before its deadline."""

import math

from ..errors import RequestError, unavailable
from .call import Call

LARGE = 2**18
"""The bytes of a body that a worker opens beside its batches (worker/core.py)."""
SURE = 2048
"""A request of more tokens may be refused alone: those of fewer show whether its cost is right."""
_FIRST = 512  # tokens of each request that are computed in the order of arrival (worker/queue.py)
FAR = 10  # times as large as every measured request
_KEPT = 0.98  # the weight that earlier requests keep with each new one


class Estimate:
    """The number of tokens of a body by its length, learned from the bodies that were counted."""

    def __init__(self) -> None:
        self._rate = 0.25  # as in English text, until bodies are counted

    def tokens(self, size: int) -> float:
        """Estimate the tokens of a body of `size` bytes."""
        return max(1.0, size * self._rate)

    def learn(self, size: int, tokens: float) -> None:
        """Learn from a body whose tokens were counted; each counts as one, however large it is."""
        if size:
            self._rate += (1 - _KEPT) * (tokens / size - self._rate)


class Backlog:
    """The calls without a reply, by their tokens: the queues of workers prefer small ones."""

    def __init__(self) -> None:
        self.calls = 0
        self.tokens = 0.0
        self._counts = [0] * 64  # by the power of two that is above their tokens
        self._sums = [0.0] * 64

    def add(self, call: Call) -> None:
        """Add a call."""
        # What is opened beside the batches takes no time of theirs yet, and may have no tokens.
        call.counted = 1.0 if len(call.body) > LARGE and not call.opened else call.tokens
        self._count(call, 1)

    def remove(self, call: Call) -> None:
        """Remove a call."""
        self._count(call, -1)

    def before(self, tokens: float) -> float:
        """How many tokens of other calls are computed before a new call of so many is."""
        share = max(tokens, _FIRST)
        pairs = zip(self._counts, self._sums, strict=True)
        return sum(min(total, count * share) for count, total in pairs if count)

    def _count(self, call: Call, sign: int) -> None:
        power = min(63, math.frexp(call.counted)[1])
        self.calls += sign
        self.tokens += sign * call.counted
        self._counts[power] += sign
        self._sums[power] += sign * call.counted


def admit(
    *,
    tokens: float,
    before: float,
    most: int,
    measured: float,
    seconds_per_token: float,
    delay: float,
    left: float,
    idle: bool,
) -> None:
    """Refuse a request that would be late with 503, and say after how many seconds to retry.

    Args:
        tokens: the tokens of the request.
        before: the tokens that are computed before it.
        most: how many tokens may be.
        measured: up to how many tokens the cost of a request is known. A much larger request is
            accepted: measured on small ones, the cost of a token is mostly fixed costs.
        seconds_per_token: the measured cost; 0 while it is not known.
        delay: the seconds until anything is computed, as while a worker starts.
        left: the seconds until the request's deadline.
        idle: whether a worker has nothing to do. It takes any request: what it costs is learned
            by computing, so that an estimate that refuses would never be corrected.
    """
    if idle:
        return
    own = tokens if tokens < FAR * measured else 0.0
    done = delay + (before + own) * seconds_per_token
    if done > left:
        raise too_late(done, left)
    if before and before + tokens > most:
        raise unavailable("busy", f"{before + tokens:.0f} tokens would wait, and {most} may")


def too_late(seconds: float, left: float) -> RequestError:
    """503: a request would take so long, and so long is left."""
    error = unavailable("busy", f"it would take {seconds:.0f} s, and {left:.0f} s are allowed")
    error.headers["Retry-After"] = str(max(1, min(60, math.ceil(seconds - left))))
    return error
