"""What a worker has in work, in memory that it shares with the front.

The front reads it when the worker cannot tell: after its end, and while it holds Python's lock.
"""

import mmap
import os
import struct
import time
from collections.abc import Sequence
from enum import IntEnum

_HEAD = struct.Struct("=dq")  # since when (time.monotonic), and how many ids follow
_MOST = 4096  # ids; of a larger batch any request may be in work
_BYTES = _HEAD.size + 8 * _MOST


class Step(IntEnum):
    """What is done to requests; in each step some may be in work at the same time."""

    OPEN = 0
    OPEN_LARGE = 1
    COMPUTE = 2
    FINISH = 3


class InWork:
    """The ids of the requests that are in work; made by the front, and opened by the worker."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = os.memfd_create("in-work") if descriptor is None else descriptor
        os.ftruncate(self.descriptor, _BYTES * len(Step))
        self._memory = mmap.mmap(self.descriptor, _BYTES * len(Step))

    def begin(self, step: Step, ids: Sequence[int]) -> None:
        """Note that these are in work from now on."""
        start, count = _BYTES * step, len(ids)
        if count <= _MOST:
            struct.pack_into(f"={count}q", self._memory, start + _HEAD.size, *ids)
        _HEAD.pack_into(self._memory, start, time.monotonic(), count)

    def end(self, step: Step) -> None:
        """Note that nothing is in work in this step."""
        _HEAD.pack_into(self._memory, _BYTES * step, 0.0, 0)

    @property
    def ids(self) -> set[int] | None:
        """What is in work; None if it is too much to be noted."""
        found: set[int] = set()
        for step in Step:
            _, count = _HEAD.unpack_from(self._memory, start := _BYTES * step)
            if count > _MOST:
                return None
            found.update(struct.unpack_from(f"={count}q", self._memory, start + _HEAD.size))
        return found

    @property
    def since(self) -> float:
        """When what is in work now has begun; 0 if nothing is. Large bodies may take their time."""
        steps = (Step.OPEN, Step.COMPUTE, Step.FINISH)
        begun = (_HEAD.unpack_from(self._memory, _BYTES * step)[0] for step in steps)
        return min(filter(None, begun), default=0.0)
