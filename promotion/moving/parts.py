"""An object in parts, and what its bytes are known by."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

PART_SIZE = 8 * 2**20  # of what is recorded, too: docs/adr/0012-digest-of-parts.md
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


@dataclass(frozen=True)
class Digests:
    """What an object's bytes are known by, in hexadecimal.

    Attributes:
        whole: their SHA-256.
        parts: SHA-256 of the SHA-256s of its parts, one after the other. It is what S3 knows an
            object by that was uploaded in these parts.
            https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
        part_size: as `parts_of` takes it.
    """

    whole: str
    parts: str
    part_size: int = PART_SIZE

    @classmethod
    def of(cls, chunks: Iterable[bytes], size: int, part_size: int = PART_SIZE) -> "Digests":
        """Those of `size` bytes that come in chunks of any sizes."""
        whole, part = hashlib.sha256(), hashlib.sha256()
        ends = iter(each.last + 1 for each in parts_of(size, part_size))
        done, end, digests = 0, next(ends, 0), list[bytes]()
        for chunk in chunks:
            whole.update(chunk)
            rest = memoryview(chunk)
            while rest and done < size:
                piece = rest[: end - done]
                part.update(piece)
                done, rest = done + len(piece), rest[len(piece) :]
                if done == end:
                    digests.append(part.digest())
                    part, end = hashlib.sha256(), next(ends, 0)
        return cls(whole.hexdigest(), combined(digests), part_size)


def combined(digests: Iterable[bytes]) -> str:
    """`Digests.parts` of the SHA-256s of all parts, in their order."""
    return hashlib.sha256(b"".join(digests)).hexdigest()
