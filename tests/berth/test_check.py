"""`berth check`: the table of every check for every stage."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from berth.check import report
from stacks.compatibility.checks import CHECKS, findings
from stacks.compatibility.model_folder import read_models
from stacks.settings import load
from tests.berth.conftest import STAGES
from tests.berth_cli import status_of


@pytest.fixture(autouse=True)
def _in_the_project(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model_folder)


def printed() -> list[str]:
    settings = load(Path("stages.toml"))
    console = Console(file=io.StringIO(), width=60)
    report(settings, findings(settings, read_models(settings)), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def row(lines: list[str], check: str) -> list[str]:
    return next(line for line in lines if line.strip().startswith(check)).split()[-3:]


def test_every_check_has_a_row_and_every_stage_a_column_at_60_columns() -> None:
    lines = printed()
    assert status_of("check") == 0
    assert lines[0].split() == ["check", "dev", "qa", "prod"]
    assert row(lines, "production has a subscriber") == ["✓", "✓", "!"]
    assert sum(line.rstrip().endswith(("✓", "!", "✗")) for line in lines) == len(CHECKS)
    assert lines[-2].startswith("! stages.toml: prod.alarms.critical_subscribers = []: nobody")
    assert lines[-1] == "stages.toml: 3 stages, nothing clashes"


def refuse_something() -> None:
    text = STAGES.read_text().replace('"ml.g4dn.xlarge"', '"ml.c6g.large"')
    Path("stages.toml").write_text(text)


def test_what_is_refused_has_its_mark_its_line_and_status_1() -> None:
    refuse_something()
    lines = printed()
    assert status_of("check") == 1
    assert row(lines, "image runs on the instance type") == ["✗", "✓", "✓"]
    refused = [line for line in lines if line.startswith("✗ ")]
    assert len(refused) == 1
    assert refused[0].startswith(
        '✗ stages.toml: dev.endpoint.instance_type = "ml.c6g.large": it is an Arm machine'
    )
    assert not any("nothing clashes" in line for line in lines)


def test_a_script_reads_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    refuse_something()
    assert status_of("check", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["stages"], document["refused"]) == (["dev", "qa", "prod"], True)
    (refusal,) = [one for one in document["findings"] if one["severity"] == "refusal"]
    assert (refusal["check"], refusal["stage"]) == ("image runs on the instance type", "dev")
    assert refusal["where"] == 'stages.toml: dev.endpoint.instance_type = "ml.c6g.large"'
