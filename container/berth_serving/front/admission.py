"""Admission: a request is accepted if its response can be ready before its deadline."""

import math

from ..errors import unavailable

_FAR = 10  # times as large as every measured request
_KEPT = 0.98  # the weight that earlier requests keep with each new one


class Estimate:
    """The number of tokens of a body by its length, learned from the bodies that were counted."""

    def __init__(self) -> None:
        self._tokens, self._bytes = 0.25, 1.0  # as in English text, until bodies are counted

    def tokens(self, size: int) -> float:
        """Estimate the tokens of a body of `size` bytes."""
        return max(1.0, size * self._tokens / self._bytes)

    def learn(self, size: int, tokens: float) -> None:
        """Learn from a body whose tokens were counted."""
        self._tokens = _KEPT * self._tokens + tokens
        self._bytes = _KEPT * self._bytes + size


def admit(
    *,
    tokens: float,
    waiting: float,
    most: int,
    measured: float,
    seconds_per_token: float,
    delay: float,
    left: float,
) -> None:
    """Refuse a request that would be late with 503, and say after how many seconds to retry.

    Args:
        tokens: the tokens of the request.
        waiting: the tokens that are computed before it.
        most: how many tokens may wait.
        measured: up to how many tokens the cost of a request is known. A much larger request is
            accepted: measured on small ones, the cost of a token is mostly fixed costs.
        seconds_per_token: the measured cost; 0 while it is not known.
        delay: the seconds until anything is computed, as while a worker starts.
        left: the seconds until the request's deadline.
    """
    own = tokens if tokens < _FAR * measured else 0.0
    done = delay + (waiting + own) * seconds_per_token
    if done > left:
        error = unavailable("busy", f"it would take {done:.0f} s, and {left:.0f} s are allowed")
        error.headers["Retry-After"] = str(max(1, min(60, math.ceil(done - left))))
        raise error
    if waiting and waiting + tokens > most:
        raise unavailable("busy", f"{waiting:.0f} tokens are waiting, and {most} may")
