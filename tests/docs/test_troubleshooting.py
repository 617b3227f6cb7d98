"""docs/troubleshooting.md: the messages of Berth and its container are those in the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
FOLDERS = ("berth", "aws", "stacks", "promotion", "model", "localaws", "container")
# Of these sections every message in the first column is Berth's; the others quote AWS, too.
OURS = ("Before anything is deployed", "The container does not start", "Releases and promotion")
NOT_OURS = ("berth: command not found", "The NVIDIA driver on your system is too old")


def messages() -> list[str]:
    """What a table's first column quotes that has a space in it: a message and no name."""
    found = []
    for section in OURS:
        text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
        for first in re.findall(r"^\| (.*?) \|", text, re.MULTILINE):
            found += [quoted for quoted in re.findall(r"`([^`]+)`", first) if " " in quoted]
    return [message for message in found if message not in NOT_OURS]


@pytest.fixture(scope="module")
def texts() -> str:
    """Every string of the code, with `\\n` between them."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    return "\n".join(
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("message", messages())
def test_a_message_is_printed_by_the_code(message: str, texts: str) -> None:
    for part in re.split("…|SIGKILL", message):
        assert part.strip() in texts, part
