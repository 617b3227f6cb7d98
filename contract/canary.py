"""Words in what the kit sends, by which it sees where a container lets users' texts turn up."""

import re

WORD = "berthcanary"
"""Begins each text of the example; with a suffix, it is in the bodies that no model takes."""
MALFORMED = f"{WORD}malformed"
POISON = f"{WORD}poison"
ATTRIBUTES = "berthattributes"
"""The custom attributes of each POST request that has no others."""

_WORDS = re.compile(rb"berthcanary[a-z]*")


def words(data: bytes) -> set[bytes]:
    """The words of bodies that the data has."""
    return set(_WORDS.findall(data))


def count(text: str) -> int:
    """How often a text has what was sent."""
    return text.count(WORD) + text.count(ATTRIBUTES)


def withheld(note: str) -> str:
    """A note for the report, cut off where it begins to quote what was sent."""
    starts = [note.find(word) for word in (WORD, ATTRIBUTES) if word in note]
    return f"{note[: min(starts)]}(what was sent)" if starts else note
