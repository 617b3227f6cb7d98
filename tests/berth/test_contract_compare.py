"""`berth contract-compare`: the results of several containers beside each other."""

import json
from pathlib import Path

import pytest

from tests.berth_cli import status_of


def test_a_column_for_each_container_and_what_was_seen_where_it_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"id": "ping.ok", "need": "required", "verdict": "passed", "note": ""}
    other = {**one, "verdict": "failed", "note": "it answered 500 {oh | no}"}
    for name, case in {"one": one, "other": other}.items():
        document = {"certified": case is one, "cases": [case]}
        (tmp_path / name).write_text(json.dumps(document))
    assert status_of("contract-compare", f"One={tmp_path}/one", f"Other={tmp_path}/other") == 0
    assert capsys.readouterr().out.splitlines() == [
        "| case | need | One | Other |",
        "|---|---|---|---|",
        "| `ping.ok` | required | yes | **no**: it answered 500 oh \\| no |",
        "| certified | | yes: 1 of 1 | **no**: 0 of 1 |",
    ]


@pytest.mark.parametrize(
    ("content", "argument", "said"),
    [
        ("", "{file}", "takes the form NAME=FILE"),
        ("", "One=no/such", "no/such: No such file or directory"),
        ("{", "One={file}", "not JSON"),
        ("[]", "One={file}", "not what `berth contract --json` prints"),
    ],
)
def test_an_argument_that_cannot_be_read_is_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, argument: str, said: str
) -> None:
    file = tmp_path / "result"
    file.write_text(content)
    assert status_of("contract-compare", argument.format(file=file)) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
