"""The version of Berth: in one place, and in every template."""

import tomllib
from pathlib import Path

import pytest

from stacks.version import VERSION
from tests.berth_cli import status_of
from tests.stacks.conftest import Template


def test_it_is_that_of_pyproject_toml(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert status_of("--version") == 0
    assert capsys.readouterr().out == f"berth {VERSION}\n"


def test_the_changelog_has_it_first(root: Path) -> None:
    lines = (root / "CHANGELOG.md").read_text().splitlines()
    first = next(line for line in lines if line.startswith("## "))
    assert first.startswith(f"## {VERSION} ")


@pytest.mark.slow
def test_every_stack_says_it(templates: dict[str, Template], roles: dict[str, Template]) -> None:
    for template in (templates | roles).values():
        assert template["Metadata"]["Berth"]["version"] == VERSION
