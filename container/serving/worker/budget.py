"""How many tokens a batch may hold: as many as are computed in a set time, learned as it goes."""

import math

MOST = 65_536
LEAST = 256
_SHARE = 0.2  # of the newest batch in the mean
_FORGET = 1.05  # what a batch may grow by after memory ran out, each time that one fits


class Budget:
    """The token budget of the next batch.

    Args:
        seconds: that a batch should take. Longer batches compute little faster, and keep what
            comes meanwhile waiting.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = float(MOST)
        self.seconds_per_token = 0.0
        self.measured = 0.0
        """Up to how many tokens that cost is known to hold: all, once a full batch was seen."""

    @property
    def tokens(self) -> int:
        """The budget now."""
        wanted = self._seconds / self.seconds_per_token if self.seconds_per_token else LEAST
        return int(min(max(wanted, LEAST), self._limit))

    def learn(self, tokens: int, seconds: float) -> None:
        """Take account of a batch that was computed.

        The cost of a token is that of a full batch: in a small one the fixed costs, which more
        load would share out, are much of it.
        """
        if self._limit < MOST:
            self._limit = min(MOST, self._limit * _FORGET)
        if not tokens:
            return
        full = tokens * 2 >= self.tokens
        self.measured = math.inf if full else max(self.measured, float(tokens))
        cost, known = seconds / tokens, self.seconds_per_token
        share = _SHARE if cost < known or full else _SHARE / 10
        self.seconds_per_token = known + share * (cost - known) if known else cost

    def out_of_memory(self, tokens: int) -> None:
        """Take account of a batch that did not fit."""
        self._limit = max(1.0, min(self._limit, tokens / 2))
