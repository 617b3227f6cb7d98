"""Servers beside each other."""

import json
from pathlib import Path

import pytest

from contract.compare import main


def test_a_column_for_each_server_and_what_was_seen_where_it_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"id": "ping.ok", "need": "required", "verdict": "passed", "note": ""}
    other = {**one, "verdict": "failed", "note": "it answered 500 {oh | no}"}
    for name, case in {"one": one, "other": other}.items():
        document = {"certified": case is one, "cases": [case]}
        (tmp_path / name).write_text(json.dumps(document))
    assert main([f"One={tmp_path}/one", f"Other={tmp_path}/other"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "| case | need | One | Other |",
        "|---|---|---|---|",
        "| `ping.ok` | required | yes | **no**: it answered 500 oh \\| no |",
        "| certified | | yes: 1 of 1 | **no**: 0 of 1 |",
    ]


def test_what_is_no_file_is_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["One=no/such"]) == 2
    assert "takes NAME=FILE" in capsys.readouterr().err
