"""Markdown for the generated parts of the docs."""

from collections.abc import Iterable, Sequence


def table(headings: str, rows: Iterable[Sequence[str]]) -> str:
    """A table; the headings are written as `first | second`."""
    lines = [f"| {headings} |", "|" + "---|" * (headings.count("|") + 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def code(texts: Iterable[str]) -> str:
    """Texts as code, with commas between them."""
    return ", ".join(f"`{text}`" for text in texts)
