"""The interface of the engines, and what they share."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Engine(Protocol):
    """Computes the probabilities of tokens."""

    def compute(self, rows: Sequence[Array]) -> list[Array]:
        """Compute the probabilities [tokens, tags] of each row of token ids.

        Raises:
            OutOfMemory, Broken: see `servable.Servable.forward`.
        """


def parts(lengths: Sequence[int], *, most: int) -> list[list[int]]:
    """Cut rows into parts of similar length, the longest first; return the indices of each part.

    A part, padded to its longest row, has at most `most` tokens (or one row). No row is shorter
    than a third of the longest, as attention costs the square of the longest for every row.
    """
    cut: list[list[int]] = []
    width = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length = lengths[index]
        if not cut or (len(cut[-1]) + 1) * width > most or 3 * length < width:
            cut.append([])
            width = length
        cut[-1].append(index)
    return cut
