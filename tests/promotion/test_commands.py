"""Bad input of the commands of releases: one line, exit status 2. AWS is not called."""

import json
from pathlib import Path

import pytest

from promotion.permissions import statements
from promotion.release import schema
from stacks.settings import load
from tests import STAGES_FILE
from tests.berth_cli import status_of


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(STAGES_FILE.parent)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("record nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        (
            "policy nowhere --side source",
            "stages.toml: no stage 'nowhere'; there are dev, qa, prod",
        ),
        ("show nowhere-000001", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("verify nowhere", "stages.toml: no stage 'nowhere'; there are dev, qa, prod"),
        ("show dev-1", "dev-1: neither a release, as dev-000001, nor a stage"),
        ("report dev-1", "dev-1: neither a release, as dev-000001, nor a stage"),
        ("diff dev-1 qa", "dev-1: neither a release, as dev-000001, nor a stage"),
        (
            "promote --from dev --to prod",
            "prod takes what qa has tested, as stages.toml has them in"
            " this order: dev, qa, prod; use --from qa",
        ),
        ("promote --from dev --to qa --force=", "--force: takes a reason, which is recorded"),
        ("promote --from dev --to qa --json", "--json: only with --dry-run"),
        ("history dev", "AWS: Unable to locate credentials"),
        ("history dev --profile none", "AWS: The config profile (none) could not be found"),
    ],
)
def test_a_mistake_gets_one_line_and_status_2(
    arguments: str,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = status_of(*arguments.split())
    assert (status, *capsys.readouterr()) == (2, "", f"{line}\n")


def test_a_mistake_in_stages_toml_gets_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status_of("history", "dev") == 2
    assert capsys.readouterr().err == f"stages.toml: no such file in {tmp_path}\n"


def test_the_schema_is_printed_as_it_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("schema") == 0
    printed = capsys.readouterr().out
    assert printed == schema()
    assert json.loads(printed)["title"] == "Release"


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_policy_is_printed_as_iam_takes_it(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("policy", "prod", "--side", side) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["Version"] == "2012-10-17"
    names = [each["Sid"] for each in document["Statement"]]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() for name in names)
    assert "333333333333" in json.dumps(document)


def test_the_source_verifies_by_the_keys_that_the_next_stage_trusts(tmp_path: Path) -> None:
    key = "arn:aws:kms:eu-central-1:222222222222:key/1234abcd"
    file = tmp_path / "stages.toml"
    file.write_text(f'{STAGES_FILE.read_text()}\n[prod.releases]\ntrusted_keys = ["{key}"]\n')
    settings = load(file)

    def asked(stage: str) -> list[list[str]]:
        found = statements("source", settings, stage)
        return [each["Resource"] for each in found if each["Sid"] == "VerifyByTrustedKeys"]

    assert asked("qa") == [[key]]
    assert asked("dev") == asked("prod") == []
