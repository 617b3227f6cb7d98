"""Bad input is one line on standard error and exit status 2; nothing else is caught."""

from pathlib import Path

import pytest

from berth import errors
from berth.exit_status import ExitStatus
from promotion.gate import GateError
from stacks.settings import SettingsError
from tests import STAGES_FILE
from tests.berth_cli import status_of

OWN = str(STAGES_FILE)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert status_of(*arguments) == 2
    printed, line = capsys.readouterr()
    assert printed == ""
    assert line.count("\n") == 1, line
    return line.strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--stages none.toml check", "none.toml: no such file in "),
        ("--stages . check", "cannot be read: Is a directory"),
        ("--stages none.toml plan dev", "none.toml: no such file in "),
        ("--stages none.toml serve", "none.toml: no such file in "),
        ("--stages none.toml image", "none.toml: no such file in "),
        ("--stages none.toml local up", "none.toml: no such file in "),
        ("--stages none.toml local demo", "none.toml: no such file in "),
        ("plan nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("roles nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("local env nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("push name --stage nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("plan dev --assembly none", "none/manifest.json: cannot be read: No such file"),
        ("plan dev --assembly file", "file/manifest.json: cannot be read: Not a directory"),
        ("pack none out.tar.gz", "none: no such folder"),
        ("pack file out.tar.gz", "file: no such folder"),
        ("pack . out.tar.gz", ".: no model folder: it has no MLmodel"),
        ("serve", "no such folder; `berth model` builds the example"),
        ("push --stage dev", "berth push takes one of NAME, --list and --remove NAME"),
        ("push a --list --stage dev", "berth push takes one of NAME, --list and --remove NAME"),
        ("contract here:1 --image x", "berth contract takes one of URL, --image and --process"),
        ("contract --process true --model none", "--model none: no such folder"),
        ("contract --process true --body none", "--body none: No such file or directory"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCALAWS_HOME", str(tmp_path / "home"))
    (tmp_path / "stages.toml").write_text(Path(OWN).read_text())
    (tmp_path / "file").write_text("")
    assert said in refusal(capsys, *arguments.split())


@pytest.mark.parametrize(
    "arguments", ["nonsense", "check --nonsense", "plan", "roles", "model --seed x"]
)
def test_wrong_arguments_are_status_2_with_the_usage(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*arguments.split()) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert said.startswith("Usage: berth ")
    assert "\nError: " in said


def test_who_refuses_is_1_and_what_is_wrong_is_2() -> None:
    assert errors.status_of(GateError("no")) is ExitStatus.NO
    assert errors.status_of(SettingsError("wrong")) is ExitStatus.BAD_INPUT


def test_a_file_that_is_not_there_is_named_without_pythons_words() -> None:
    with pytest.raises(FileNotFoundError) as raised:
        Path("no/such").read_text()
    assert errors.message(raised.value) == ["no/such: No such file or directory"]


def test_a_fault_of_our_own_is_not_taken_for_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("stacks.settings.load", fails)
    with pytest.raises(ZeroDivisionError):
        status_of("check")


def test_ctrl_c_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stacks.settings.load", interrupted)
    assert status_of("check") == ExitStatus.INTERRUPTED
