"""What the CDK CLI prints, in which are a template's outputs and CloudFormation's reasons."""

import sys

import pytest

from promotion.deploy import _run

SAYS = r"print('\x1b]0;title\x07 one\r::error::two\n##[group]three')"


def test_its_lines_are_printed_as_text(capfd: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert _run([sys.executable, "-c", f"{SAYS}; raise SystemExit(3)"], str(tmp_path)) == 3
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == "\\x1b]0;title\\x07 one\n\\::error::two\n#\\#[group]three\n"
