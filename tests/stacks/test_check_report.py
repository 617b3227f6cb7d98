"""`python -m stacks check`: the table of every check for every stage."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from stacks.check_report import report
from stacks.compatibility.checks import CHECKS
from stacks.settings import load

STAGES = Path(__file__).parent / "stages.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "build" / "model"
    model.mkdir(parents=True)
    (model / "python_env.yaml").write_text("python: 3.11.7\n")
    (model / "requirements.txt").write_text("torch==2.13.0\n")
    (model / "MLmodel").write_text("flavors: {python_function: {python_version: 3.11.7}}\n")
    return tmp_path


def printed(folder: Path, text: str) -> tuple[int, list[str]]:
    (folder / "stages.toml").write_text(text)
    console = Console(file=io.StringIO(), width=60)
    status = report(load(folder / "stages.toml"), console)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue().splitlines()


def row(lines: list[str], check: str) -> list[str]:
    return next(line for line in lines if line.strip().startswith(check)).split()[-3:]


def test_every_check_has_a_row_and_every_stage_a_column(folder: Path) -> None:
    status, lines = printed(folder, STAGES.read_text())
    assert status == 0
    assert lines[0].split() == ["check", "dev", "qa", "prod"]
    assert row(lines, "production has somebody to tell") == ["✓", "✓", "!"]
    assert sum(line.rstrip().endswith(("✓", "!", "✗")) for line in lines) == len(CHECKS)
    assert lines[-2].startswith("! stages.toml: prod.alarms.critical_subscribers = []: nobody")
    assert lines[-1] == "stages.toml: 3 stages, nothing clashes"


def test_what_is_refused_has_its_mark_its_line_and_status_2(folder: Path) -> None:
    text = STAGES.read_text().replace('"ml.g4dn.xlarge"', '"ml.c6g.large"')
    status, lines = printed(folder, text)
    assert status == 2
    assert row(lines, "image runs on the machine") == ["✗", "✓", "✓"]
    refused = [line for line in lines if line.startswith("✗ ")]
    assert len(refused) == 1
    assert refused[0].startswith(
        '✗ stages.toml: dev.endpoint.instance_type = "ml.c6g.large": it is an Arm machine'
    )
    assert not any("nothing clashes" in line for line in lines)
