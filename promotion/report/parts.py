"""What a report consists of, as HTML and as Markdown."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from promotion.evidence import Latency

Tone = Literal["plain", "good", "bad", "warn"]
"""The text beside a tone says the same."""


@dataclass(frozen=True)
class Cell:
    """A value in a table."""

    text: str
    tone: Tone = "plain"
    marks: tuple[tuple[int, int], ...] = ()
    """Parts of the text to be marked, in their order."""

    @property
    def pieces(self) -> tuple[tuple[str, bool], ...]:
        """The text in pieces, and whether each is marked."""
        edges = [0, *(edge for mark in self.marks for edge in mark), len(self.text)]
        pieces = ((self.text[a:b], bool(at % 2)) for at, (a, b) in enumerate(pairwise(edges)))
        return tuple((piece, marked) for piece, marked in pieces if piece or marked)


Row = tuple[Cell, ...]


def row(*values: str | Cell) -> Row:
    """A row of cells, of which plain texts have no tone."""
    return tuple(one if isinstance(one, Cell) else Cell(one) for one in values)


@dataclass(frozen=True)
class Column:
    """A column of words, of numbers to be aligned, of a state such as `passed`, or of hashes."""

    heading: str
    kind: Literal["words", "number", "state", "hash"] = "words"


@dataclass(frozen=True)
class Table:
    """Rows under headings. The first cell of a row names it; the totals come last."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: Row | None = None


@dataclass(frozen=True)
class Figure:
    """A value of importance, with its label."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Section:
    """A heading and its content; where a part is missing, the words say so."""

    title: str
    words: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    chart: Latency | None = None


@dataclass(frozen=True)
class Verdict:
    """The result in one line, and the reasons for it."""

    headline: str
    tone: Tone
    because: tuple[Figure, ...]
