"""What moving says: how much was moved, or in one line why not."""

from collections.abc import Callable
from dataclasses import dataclass

from promotion import PromotionError

OnBytes = Callable[[int], None]
"""Told the bytes that are in place, part by part, from several threads; they add up to the size."""


class MoveError(PromotionError):
    """Something cannot be moved; the text is one line: what, where, and what would be right."""


@dataclass(frozen=True)
class Planned:
    """What moving would do: bytes in all, and bytes that the target has not."""

    size: int
    missing: int


@dataclass(frozen=True)
class Moved:
    """What moving did, in bytes.

    Attributes:
        size: of all that is now in the target.
        sent: went through this machine.
        copied: went from the source to the target without passing here.

    The rest was there before.
    """

    size: int
    sent: int = 0
    copied: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.size + other.size, self.sent + other.sent, self.copied + other.copied)


def ignore_bytes(_count: int) -> None:
    """Where nobody watches."""
