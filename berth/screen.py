"""Printing on any terminal, whatever its encoding, down to 60 columns.

Nothing that is printed steers the terminal or is markup: much of it comes from other accounts.
"""

import codecs
import io
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_IN_ASCII = {"✓": "ok", "✗": "x", "→": "->", "…": "...", "·": "-"}
_PIPE_WIDTH = 160


def accept_every_encoding() -> None:
    """Replace characters that a terminal's encoding does not have, so that no output fails."""
    codecs.register_error("berth", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="berth")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(character, "?") for character in lacking), error.end


def say(*lines: str, stderr: bool = False) -> None:
    """Print lines; a line break within one is none."""
    from aws.text import printed  # noqa: PLC0415

    for line in lines:
        print(printed(line), file=sys.stderr if stderr else sys.stdout)


def console(*, stderr: bool = False) -> "Console":
    """The terminal, or a file or pipe, for which lines are not wrapped.

    A `str` that it prints, also as a cell of a table, is one line without markup.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from aws.text import printed  # noqa: PLC0415

    class Plain(Console):
        def render_str(self, text: str, *, style: Any = "", **_options: Any) -> Text:
            return Text(printed(text), style=style)

    made = Plain(highlight=False, stderr=stderr)
    if not made.is_terminal:
        made.width = _PIPE_WIDTH
    return made


def print_json(document: object, *, coloured: bool = False) -> None:
    """Print a document for a script to read, or in the colours that a terminal has for it."""
    # `##[` would be a command in a job's log: see aws/text.py.
    text = json.dumps(document, indent=2).replace("##[", "#\\u0023[")
    if not coloured:
        print(text)
        return
    from rich.highlighter import JSONHighlighter  # noqa: PLC0415

    console().print(JSONHighlighter()(text), soft_wrap=True)


def print_table(screen: "Console", headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows as a table where its words fit, else each row as a list of `header: cell`."""
    from rich.measure import Measurement  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from aws.text import printed  # noqa: PLC0415

    rows = [[printed(cell) for cell in row] for row in rows]
    table = Table(*headers, header_style="bold", box=None)
    for row in rows:
        table.add_row(*map(Text, row))
    unbound = screen.options.update(max_width=10_000)  # a measurement ends at the console's width
    if Measurement.get(screen, unbound, table).minimum <= screen.width:
        screen.print(table)
        return
    for row in rows:
        screen.print(row[0], markup=False, style="bold", soft_wrap=True)
        for header, cell in zip(headers[1:], row[1:], strict=True):
            if cell:
                screen.print(f"  {header}: {cell}", markup=False, soft_wrap=True)
