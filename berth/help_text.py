"""Help without rich's frames: whole sentences, wrapped at the terminal's width."""

from typing import Any

from typer.core import TyperGroup

from berth.exit_status import MEANINGS


class Group(TyperGroup):
    """Lists its commands in sections, each with the whole first paragraph of its help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections; typer itself cuts each text off at the terminal's width."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.commands[name]
            paragraph = " ".join((command.help or "").split("\n\n")[0].split())
            sections.setdefault(_section(command), []).append((name, paragraph))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


class Program(Group):
    """The outermost group, whose help ends with the exit statuses."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as typer calls it
        """Write the table of exit statuses."""
        with formatter.section("Exit statuses"):
            formatter.write_dl([(str(int(status)), text) for status, text in MEANINGS.items()])


def _section(command: Any) -> str:
    given = command.rich_help_panel
    return given if isinstance(given, str) else "Commands"
