"""The number of tokens of a batch: as many as are computed in a set time, by measurement."""

import math

MOST = 65_536
LEAST = 256
_SHARE = 0.2  # the newest batch's share in the mean
_WARM_UP = 2  # batches that do not count: in the first ones models load what they need
_FORGET = 1.05  # after memory ran out, batches grow by this factor with each that fits


class Budget:
    """The token budget of the next batch, which should take `seconds`.

    Longer batches are hardly more efficient, and make new requests wait.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = float(MOST)
        self._warm_up = _WARM_UP
        self.seconds_per_token = 0.0
        self.measured = 0.0
        """Up to how many tokens that cost is known: to infinity, after a full batch."""

    @property
    def tokens(self) -> int:
        """The budget now."""
        wanted = self._seconds / self.seconds_per_token if self.seconds_per_token else LEAST
        return int(min(max(wanted, LEAST), self._limit))

    def learn(self, tokens: int, seconds: float) -> None:
        """Learn from a batch that was computed.

        Full batches decide about the cost of a token; in small ones, fixed costs are much of it.
        """
        if self._limit < MOST:
            self._limit = min(MOST, self._limit * _FORGET)
        if not tokens:
            return
        if self._warm_up:
            self._warm_up -= 1
            return
        full = tokens * 2 >= self.tokens
        self.measured = math.inf if full else max(self.measured, float(tokens))
        cost, known = seconds / tokens, self.seconds_per_token
        share = _SHARE if cost < known or full else _SHARE / 10
        self.seconds_per_token = known + share * (cost - known) if known else cost

    def out_of_memory(self, tokens: int) -> None:
        """Learn from a batch that did not fit into memory."""
        self._limit = max(1.0, min(self._limit, tokens / 2))
