"""The help of every command: whole sentences, and nothing cut at a terminal's edge."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from berth.exit_status import MEANINGS
from berth.program import app
from tests.berth_cli import ROOT, status_of


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with the words that call it."""
    yield words, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


EVERY = dict(commands(get_command(app)))


def is_sentence(text: str) -> bool:
    return bool(re.match(r"[A-Z`-]", text)) and text.rstrip().endswith((".", '".'))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_it_is_made_of_whole_sentences(words: tuple[str, ...]) -> None:
    command = EVERY[words]
    assert command.help
    paragraphs = [" ".join(each.split()) for each in command.help.split("\n\n")]
    texts = [*paragraphs, *(one.help for one in command.params if not one.hidden)]
    assert [text for text in texts if not (text and is_sentence(text))] == []


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_nothing_is_cut_and_no_line_is_wider_than_the_terminal(
    words: tuple[str, ...],
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert status_of(*words, "--help") == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= width
    command = EVERY[words]
    texts = command.help.split("\n\n")
    texts += [one.help for one in command.params if not one.hidden]
    inner = getattr(command, "commands", {}).values()
    texts += [each.help.split("\n\n")[0] for each in inner]
    assert [text for text in texts if squeezed(text) not in squeezed(printed)] == []


def test_the_programs_help_has_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--help") == 0
    printed = squeezed(capsys.readouterr().out)
    for status, meaning in MEANINGS.items():
        assert squeezed(f"{int(status)} {meaning}") in printed


def test_the_version_is_that_of_pyproject(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--version") == 0
    version = capsys.readouterr().out.removeprefix("berth ").strip()
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()


def test_commands_stand_in_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--help") == 0
    printed = capsys.readouterr().out
    sections = {command.rich_help_panel for words, command in EVERY.items() if len(words) == 1}
    assert all(f"\n{section}:\n" in printed for section in sections)
