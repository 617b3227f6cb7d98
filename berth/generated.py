"""Files that a command writes from stages.toml, and how they differ from what it would write."""

from collections.abc import Mapping
from difflib import unified_diff

_LINES_A_FILE = 60


def differences(kept: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """The lines of a unified diff from kept files to texts, by name; none where they are equal."""
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
