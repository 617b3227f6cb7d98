"""The result of a copy: how much was copied, or in one line why not."""

from collections.abc import Callable
from dataclasses import dataclass

from promotion import PromotionError

OnBytes = Callable[[int], None]
"""Called with the number of bytes of each part that is in the target; several threads call it.

The numbers add up to the size of the object or image.
"""


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
    """Do nothing, for a caller that shows no progress."""
