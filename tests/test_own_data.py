"""Berth's tests and a user's data are two things: docs/upgrading.md."""

import re
from pathlib import Path

HERE = Path(__file__).parent
OF_A_USER = re.compile(r'\b(root|ROOT|CHECKOUT) / "(stages\.toml|build|snapshots|cdk\.out)"')


def test_no_test_reads_what_a_user_edits() -> None:
    files = [file for file in HERE.rglob("*.py") if "build" not in file.relative_to(HERE).parts]
    assert len(files) > 100
    assert [str(file) for file in files if OF_A_USER.search(file.read_text())] == []


def test_of_the_workflows_only_berths_own_is_read() -> None:
    named = re.compile(r'(root|ROOT) / "\.github"(?! / "workflows" / "ci\.yml")')
    assert [str(file) for file in HERE.rglob("*.py") if named.search(file.read_text())] == []
