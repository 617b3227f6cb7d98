"""Admission: a request is accepted if it can be answered before its deadline."""

import math

from ..errors import unavailable

_FAR = 10
_KEPT = 0.98  # the weight that earlier requests keep with each new one


class Estimate:
    """How many tokens a body of so many bytes has, learned from those that were counted."""

    def __init__(self) -> None:
        self._tokens, self._bytes = 0.25, 1.0  # English text; forgotten soon

    def tokens(self, size: int) -> float:
        """What a body of `size` bytes costs."""
        return max(1.0, size * self._tokens / self._bytes)

    def learn(self, size: int, tokens: float) -> None:
        """Take account of a body that was counted."""
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
    """Refuse a request that cannot be answered in time.

    Args:
        tokens: what the request costs.
        waiting: tokens that are before it.
        most: how many tokens may wait.
        measured: up to how many tokens a request's cost is known. That of a much larger one is
            not: a small one's is mostly what any request costs. It is let in, to its deadline.
        seconds_per_token: learned; 0 while nothing is known.
        delay: seconds until anything is computed, as while a worker starts.
        left: seconds until the request's deadline.

    Raises:
        RequestError: 503, with the seconds after which there will be room.
    """
    own = tokens if tokens < _FAR * measured else 0.0
    done = delay + (waiting + own) * seconds_per_token
    if done > left:
        error = unavailable("busy", f"it would take {done:.0f} s, and {left:.0f} s are allowed")
        error.headers["Retry-After"] = str(max(1, min(60, math.ceil(done - left))))
        raise error
    if waiting and waiting + tokens > most:
        raise unavailable("busy", f"{waiting:.0f} tokens are waiting, and {most} may")
