"""The report as Markdown, for a job's summary on GitHub.

https://github.github.com/gfm/ for tables and what has to be escaped; GitHub's `$` begins a formula.
"""

import re
from collections.abc import Iterator

from aws.text import visible
from promotion.evidence import Latency
from promotion.report.data import ReportData
from promotion.report.histogram import bars
from promotion.report.parts import Cell, Figure, Section, Table, Tone
from promotion.report.sections import sections
from promotion.report.verdict import verdict, warnings

_MARKS: dict[Tone, str] = {"good": "✅", "bad": "❌", "warn": "⚠️"}
_BLOCKS = 30  # characters of the longest bar
# What GitHub makes links of, people's names and numbers of issues too, in plain text: a character
# without width after it stops that. A character reference does not, as it is read before them.
# https://github.github.com/gfm/#autolinks-extension-
_LINKED = r"@|:(?=//)|www(?=\.)|#(?=\d)|GH(?=-\d)"


def markdown(data: ReportData) -> str:
    """The summary."""
    found = verdict(data)
    paragraphs = [f"# {_MARKS[found.tone]} {_text(found.headline)}"]
    if found.because:
        paragraphs.append("\n".join(f"- {_figure(one)}" for one in found.because))
    paragraphs += [f"> {_MARKS[one.tone]} {_figure(one)}" for one in warnings(data)]
    for section in sections(data):
        paragraphs += _section(section)
    return "\n\n".join(paragraphs) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_text(section.title)}"
    yield from map(_text, section.words)
    if section.figures:
        yield "\n".join(f"- {_figure(one)}" for one in section.figures)
    if section.chart:
        yield _histogram(section.chart)
    yield from map(_table, section.tables)


def _figure(one: Figure) -> str:
    note = f" ({_text(one.note)})" if one.note else ""
    return f"**{_text(one.label)}**: {_text(one.value)}{note}"


def _table(table: Table) -> str:
    rows = [[_text(column.heading) for column in table.columns]]
    rows.append(["---:" if column.kind == "number" else "---" for column in table.columns])
    for cells in [*table.rows, *([table.totals] if table.totals else [])]:
        rows.append([_cell(cell) for cell in cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(cell: Cell) -> str:
    return "".join(
        # Beside a space stars would mark nothing.
        f"**{_text(piece)}**" if marked and piece == piece.strip() else _text(piece)
        for piece, marked in cell.pieces
    )


def _histogram(latency: Latency) -> str:
    found = bars(latency)
    most = max(answers for _, answers in found) or 1
    width = max(len(span) for span, _ in found)
    lines = (
        f"{span:>{width}} {'█' * -(-_BLOCKS * answers // most):{_BLOCKS}} {answers:,}"
        for span, answers in found
    )
    return "\n".join(["```text", *lines, "```"])


def _text(value: str) -> str:
    """A value that never begins markup, nor ends a cell of a table.

    Characters that a backslash does not escape everywhere become character references, the others
    get a backslash, so that the source is readable, too. No value begins a line, where more
    characters would have a meaning.
    """
    plain = visible(value)
    if re.fullmatch(r"(sha256:)?[0-9a-f]{40,64}", plain):
        return f"`{plain}`"
    plain = re.sub(_LINKED, "\\g<0>\u200b", plain, flags=re.IGNORECASE)
    return re.sub(r"[|\\<&`*_~\[\]$\u200b]", _escaped, plain)


def _escaped(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0] in "|\\<&`\u200b" else f"\\{found[0]}"
