"""Texts from elsewhere, as of another account, escaped for where a person reads them."""

import re

# GitHub carries out a line of a job's log that begins with `::`, or has `##[` anywhere in it; any
# word of a table's cell may begin one.
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
_COMMAND = re.compile(r"(?<!\S)(?=::)|(?<=#)(?=#\[)")


def visible(text: str) -> str:
    """Text on one line, with Python's escapes for characters that would not be visible.

    Some of them turn the direction of the text around or steer a terminal, so that it would not
    show what the text says.
    """
    return "".join(
        each if each.isprintable() else " " if each.isspace() else ascii(each)[1:-1]
        for each in text
    )


def printed(text: str) -> str:
    """The same for a line of a terminal or of a job's log, where it is no command either."""
    return _COMMAND.sub(r"\\", visible(text))
