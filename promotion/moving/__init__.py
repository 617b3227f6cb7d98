"""The bytes of a release, S3 objects and images, copied from one account to the next."""

from collections.abc import Callable
from dataclasses import dataclass

from promotion import PromotionError

OnBytes = Callable[[int], None]
"""Called with the number of bytes of each part that is in the target, by several threads.

The numbers add up to the size of the object or image.
"""


class MoveError(PromotionError):
    """An object or image cannot be copied; the text is one line."""


@dataclass(frozen=True)
class Planned:
    """What a copy would do: the bytes in all, and those that the target does not have."""

    size: int
    missing: int


@dataclass(frozen=True)
class Moved:
    """What a copy did, in bytes; those neither sent nor copied were there before.

    Attributes:
        size: of all that is now in the target.
        sent: through this machine.
        copied: by S3 from the source to the target, without passing this machine.
    """

    size: int
    sent: int = 0
    copied: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.size + other.size, self.sent + other.sent, self.copied + other.copied)


def ignore_bytes(_count: int) -> None:
    """Do nothing, for a caller that shows no progress."""
