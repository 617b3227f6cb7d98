"""The reference of the command line, as docs/cli.md has it."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from typer.main import get_command

from berth.exit_status import MEANINGS
from berth.program import app
from tools.markdown import table


def exit_statuses() -> str:
    """The table of exit statuses."""
    rows = ((str(int(status)), text) for status, text in MEANINGS.items())
    return table("status | meaning", rows)


def reference() -> str:
    """Every command: what it does, its arguments and its options."""
    program: Any = get_command(app)
    context = program.make_context("berth", [], resilient_parsing=True)
    parts = [_parameters(program, context)]
    section = ""
    for name, command in program.commands.items():
        if command.rich_help_panel != section:
            section = command.rich_help_panel
            parts.append(f"## {section}")
        parts += _command(command, context, f"berth {name}")
    return "\n\n".join(part for part in parts if part)


def _command(command: Any, parent: Any, name: str) -> Iterator[str]:
    context = type(parent)(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield f"### {name}"
    if hasattr(command, "commands"):
        yield _text(cleandoc(command.help))
        for inner, each in command.commands.items():
            yield from _command(each, context, f"{name} {inner}")
        return
    yield f"`{' '.join([name, *command.collect_usage_pieces(context)])}`"
    yield _text(cleandoc(command.help))
    yield _parameters(command, context)


def _parameters(command: Any, context: Any) -> str:
    records = [one.get_help_record(context) for one in command.params]
    rows = [
        (f"`{record[0].replace('|', chr(92) + '|')}`", _text(" ".join(record[1].split())))
        for record in records
        if record
    ]
    return table("argument or option | meaning", rows) if rows else ""


def _text(plain: str) -> str:
    """Plain text with its characters escaped for Markdown."""
    return plain.replace("<", "&lt;").replace("|", "\\|")
