"""What a report consists of, whatever it is written in."""

from dataclasses import dataclass
from typing import Literal

from promotion.evidence import Latency

Tone = Literal["plain", "good", "bad", "warn"]
"""Never alone: the text beside it says the same."""


@dataclass(frozen=True)
class Cell:
    """A value in a table."""

    text: str
    tone: Tone = "plain"


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """A column: words, numbers to be aligned, a state of a few words of ours, or hashes."""

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
    """A number that is looked at before all others."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; of a part that is missing, the words say so."""

    title: str
    words: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    table: Table | None = None
    chart: Latency | None = None


@dataclass(frozen=True)
class Verdict:
    """The whole in one line, and what it rests on."""

    headline: str
    tone: Tone
    because: tuple[Figure, ...]
