"""Files that a command generates from stages.toml, and checks with --check."""

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from berth.exit_status import ExitStatus
from berth.screen import say

_LINES_A_FILE = 60

Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Write nothing. Print how the files differ from what would be written, and end with"
        " exit status 1 where they do.",
    ),
]


def differences(kept: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """A unified diff from the kept files to the texts, by name; empty where they are equal."""
    lines: list[str] = []
    for name in sorted(kept.keys() | texts):
        if name not in texts:
            lines.append(f"{name}: belongs to nothing in stages.toml any more")
        elif name not in kept:
            lines.append(f"{name}: is not written yet")
        else:
            before, after = kept[name].splitlines(), texts[name].splitlines()
            changed = list(unified_diff(before, after, name, name, lineterm=""))
            lines += changed[:_LINES_A_FILE]
            if len(changed) > _LINES_A_FILE:
                lines.append(f"{name}: {len(changed) - _LINES_A_FILE} more lines")
    return lines


def refuse_differences(folder: Path, found: list[str], command: str) -> None:
    """End with exit status 1 where a folder's files differ from what a command would write."""
    if found:
        say(*found)
        say(f"{folder}: differs from stages.toml; to write it anew: {command}")
        raise typer.Exit(ExitStatus.NO)
