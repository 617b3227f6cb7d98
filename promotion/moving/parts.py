"""An object in parts."""

from dataclasses import dataclass

PART_SIZE = 8 * 2**20
MOST_PARTS = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


@dataclass(frozen=True)
class Part:
    """A range of an object's bytes, `first` and `last` included; numbers begin at 1."""

    number: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.last - self.first + 1

    @property
    def range(self) -> str:
        """As HTTP's Range and S3's CopySourceRange say it."""
        return f"bytes={self.first}-{self.last}"


def parts_of(size: int, part_size: int) -> list[Part]:
    """The parts of `size` bytes, each of `part_size` but the last.

    Where that made more than S3 takes, they are larger: with 8 MiB from 78 GiB on.
    """
    step = max(part_size, -(-size // MOST_PARTS))
    return [
        Part(number, first, min(first + step, size) - 1)
        for number, first in enumerate(range(0, size, step), start=1)
    ]
