"""docs/threat-model.md: every line names tests that exist, or says that nothing is enforced."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
NOT_HERE = "not enforced here"


def lines() -> list[str]:
    """The rows of tables of what somebody may try, without their headings."""
    rows, inside = [], False
    for line in PAGE.read_text().splitlines():
        if line == "| to | stopped by | test |":
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            rows.append(line)
    return rows


@cache
def named_in(file: Path) -> set[str]:
    found = ast.walk(ast.parse(file.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef)}


def test_every_actor_that_the_page_knows_has_lines() -> None:
    assert len(lines()) > 40


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.split("|")[1].strip())
def test_a_line_has_a_test_or_says_that_nothing_is_enforced(line: str) -> None:
    _, _, stopped, tests, _ = line.split("|")
    named = re.findall(r"`([^`:]+)::(\w+)`", tests)
    assert named or NOT_HERE in stopped
    assert len(named) == tests.count("`") // 2
    for file, name in named:
        assert name in named_in(ROOT / file)
