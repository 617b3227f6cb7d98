"""The interface of the engines, and what they share."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Head(Enum):
    """What an engine computes of each row of token ids."""

    TAGS = "tags"
    """The probabilities of tokens: [tokens, tags]."""
    CLASSES = "classes"
    """The logits of a row: [classes]."""
    STATES = "states"
    """The last hidden states of tokens: [tokens, width]."""


class Engine(Protocol):
    """Computes what its head says."""

    def compute(self, rows: Sequence[Array]) -> list[Array]:
        """Compute the head of each row of token ids.

        Raises:
            OutOfMemory, Broken: see `servable.Servable.forward`.
        """


def parts(lengths: Sequence[int], *, most: int, pads: bool = True) -> list[list[int]]:
    """Cut rows into parts of similar length, the longest first; return the indices of each part.

    A part, padded to its longest row, has at most `most` tokens (or one row). No row is shorter
    than a third of the longest, as attention costs the square of the longest for every row. Without
    `pads` all rows of a part have one length.
    """
    cut: list[list[int]] = []
    width = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length = lengths[index]
        too_short = 3 * length < width if pads else length != width
        if not cut or (len(cut[-1]) + 1) * width > most or too_short:
            cut.append([])
            width = length
        cut[-1].append(index)
    return cut
