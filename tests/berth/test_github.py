"""GitHub's environments: what of their rules does not hold, and `berth protect`.

`gh` is a program of ours that knows the API's paths; nothing has been in front of GitHub.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from berth.protection import unprotected
from stacks.settings import load
from tests.berth_cli import status_of

GH = """#!{python} -I
import json, pathlib, sys
folder = pathlib.Path({folder!r})
_, method, path = sys.argv[2:5]
body = json.loads(sys.stdin.read()) if "--input" in sys.argv else None
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([method, path, body]) + "\\n")
answers = json.loads((folder / "answers").read_text())
if method != "GET":
    sys.exit()
if path not in answers:
    sys.exit("gh: Not Found (HTTP 404)")
print(json.dumps(answers[path]))
"""
PROD = "repos/octo-org/ner/environments/prod"
FROM_MAIN = {"protected_branches": False, "custom_branch_policies": True}
REVIEWED = {
    "type": "required_reviewers",
    "prevent_self_review": True,
    "reviewers": [{"type": "Team", "reviewer": {"id": 7}}],
}
GOOD: dict[str, Any] = {
    "can_admins_bypass": False,
    "deployment_branch_policy": FROM_MAIN,
    "protection_rules": [REVIEWED, {"type": "branch_policy"}],
}
MAIN = {"branch_policies": [{"id": 1, "name": "main"}]}


class GitHub:
    """What `gh` answers, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "gh"
        program.write_text(GH.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        self.answers({})

    def answers(self, answers: dict[str, Any]) -> None:
        (self._folder / "answers").write_text(json.dumps(answers))

    def environment(self, policies: dict[str, Any] = MAIN, **changed: Any) -> None:
        self.answers({PROD: {**GOOD, **changed}, f"{PROD}/deployment-branch-policies": policies})

    @property
    def changes(self) -> list[list[Any]]:
        calls = [json.loads(line) for line in (self._folder / "calls").read_text().splitlines()]
        return [call for call in calls if call[0] != "GET"]


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    (tmp_path / "gh").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "gh"), prepend=":")
    return GitHub(tmp_path / "gh")


def said(folder: Path, stage: str = "prod") -> list[str]:
    lines = unprotected(load(folder / "stages.toml"), stage)
    name = f"GitHub's environment {stage}: "
    assert all(line.startswith(name) and "\n" not in line for line in lines)
    return [line.removeprefix(name).removesuffix("; see `berth protect`") for line in lines]


def test_where_all_rules_hold_nothing_is_said(github: GitHub, model_folder: Path) -> None:
    github.environment()
    assert said(model_folder) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"deployment_branch_policy": None}, "may be deployed to from any branch, not from main"),
        (
            {"policies": {"branch_policies": [{"id": 1, "name": "main"}, {"id": 2, "name": "*"}]}},
            "may be deployed to from *",
        ),
        ({"protection_rules": []}, "nobody has to approve a deployment"),
        ({"protection_rules": [{**REVIEWED, "reviewers": []}]}, "nobody has to approve"),
        (
            {"protection_rules": [{**REVIEWED, "prevent_self_review": False}]},
            "who starts a deployment may approve it",
        ),
        ({"can_admins_bypass": True}, "administrators may bypass its rules"),
    ],
)
def test_each_rule_that_does_not_hold_is_a_line(
    github: GitHub, model_folder: Path, changed: dict[str, Any], line: str
) -> None:
    github.environment(**changed)
    (found,) = said(model_folder)
    assert found.startswith(line)


def test_an_environment_that_is_not_there_is_told(github: GitHub, model_folder: Path) -> None:
    (found,) = said(model_folder, "dev")
    assert found.startswith("there is none")


def test_without_gh_or_without_a_pipeline_it_is_one_line_or_none(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(model_folder))
    assert said(model_folder) == ["not looked at: gh is not installed"]
    file = model_folder / "stages.toml"
    head, _, rest = file.read_text().partition("[pipeline]")
    file.write_text(head + rest[rest.index("[defaults]") :])
    assert said(model_folder) == []


def test_what_gh_says_is_one_line_without_escapes(github: GitHub, model_folder: Path) -> None:
    program = model_folder / "gh" / "gh"
    program.write_text("#!/bin/sh\nprintf 'a\\n\\033[2Jno token\\n' >&2\nexit 4\n")
    assert said(model_folder) == ["not looked at: ?[2Jno token"]


def protect(folder: Path, *options: str, owners: str = '["@octo-org/platform", "@octocat"]') -> int:
    file = folder / "stages.toml"
    text = file.read_text().replace("[pipeline]\n", f"[pipeline]\nowners = {owners}\n")
    file.write_text(text)
    return status_of("--stages", str(file), "protect", *options)


def test_protect_has_main_alone_deploy_and_the_owners_approve(
    github: GitHub, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = {"branch_policies": [{"id": 3, "name": "*"}]}
    environments = {
        f"repos/octo-org/ner/environments/{stage}{below}": answer
        for stage in ("dev", "qa", "prod")
        for below, answer in (("", GOOD), ("/deployment-branch-policies", policies))
    }
    people = {"orgs/octo-org/teams/platform": {"id": 7}, "users/octocat": {"id": 8}}
    github.answers(environments | people)
    assert protect(model_folder) == 0
    dev = "repos/octo-org/ner/environments/dev"
    rules = {"deployment_branch_policy": FROM_MAIN}
    assert github.changes[:3] == [
        ["PUT", dev, rules],
        ["DELETE", f"{dev}/deployment-branch-policies/3", None],
        ["POST", f"{dev}/deployment-branch-policies", {"name": "main", "type": "branch"}],
    ]
    approved = {
        "reviewers": [{"type": "Team", "id": 7}, {"type": "User", "id": 8}],
        "prevent_self_review": True,
    }
    assert github.changes[6] == ["PUT", PROD, rules | approved]
    # Looked at again: what GitHub still has is told.
    assert "environment prod: may be deployed to from *\n" in capsys.readouterr().out


def test_protect_check_changes_nothing_and_ends_with_status_1(
    github: GitHub, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.environment()
    assert protect(model_folder, "--check") == 1
    assert github.changes == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("environment dev: there is none")
    assert lines[-1] == "environment prod: protected"


def test_who_approves_has_to_be_named(
    github: GitHub, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.environment()
    assert protect(model_folder, owners="[]") == 2
    assert not (model_folder / "gh" / "calls").exists()
    assert 'pipeline.owners = []: name who approves deployments to prod, as "@' in (
        capsys.readouterr().err
    )
