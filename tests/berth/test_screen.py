"""Output on terminals of any encoding and width."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from berth.screen import accept_every_encoding, print_table
from tests.berth_cli import ROOT, run

STAGES = str(ROOT / "tests" / "stacks" / "stages.toml")


def printed(width: int, headers: list[str], rows: list[list[str]]) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(console, headers, rows)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    accept_every_encoding()
    print("✓ ✗ a → b, 日", flush=True)
    text = raw.getvalue().decode(encoding).strip()
    assert text == ("✓ ✗ a → b, 日" if encoding == "utf-8" else "ok x a -> b, ?")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_command_ends_as_on_any_other_terminal(encoding: str, model_folder: Path) -> None:
    done = run("check", folder=model_folder, environment=_with(PYTHONIOENCODING=encoding))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split()[-3:] == ["ok"] * 3


def test_a_table_that_fits_is_a_table() -> None:
    text = printed(60, ["name", "size"], [["model", "12"], ["image", "3"]])
    assert [line.split() for line in text.splitlines()] == [
        ["name", "size"],
        ["model", "12"],
        ["image", "3"],
    ]


def test_a_table_too_wide_for_its_words_is_a_list() -> None:
    headers = ["release", "commit", "digest", "note"]
    row = ["dev-000001", "c" * 40, "d" * 64, ""]
    assert printed(60, headers, [row]).splitlines() == [
        "dev-000001",
        f"  commit: {'c' * 40}",
        f"  digest: {'d' * 64}",
    ]


def test_markup_in_a_cell_is_text() -> None:
    assert "[red]" in printed(60, ["name"], [["[red]"]])


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_traceback(model_folder: Path) -> None:
    import subprocess

    command = f"'{ROOT}/tools/berth' check | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=model_folder, capture_output=True, text=True, check=True
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_json_is_ascii_and_whole_in_any_encoding(model_folder: Path) -> None:
    environment = _with(PYTHONIOENCODING="ascii", COLUMNS="60")
    done = run("check", "--json", folder=model_folder, environment=environment)
    assert json.loads(done.stdout)["stages"] == ["dev", "qa", "prod"]


def _with(**variables: str) -> dict[str, str]:
    return {**os.environ, **variables}
