"""The house's rules for workflows, beside those of actionlint and zizmor."""

import re
from itertools import pairwise

import pytest

from stacks.settings import load
from tests import STAGES_FILE
from tests.workflows.workflows import FILES, jobs, scripts, steps, workflow

# Who gets a token for AWS: nobody else may.
WITH_TOKEN = {
    "pull-request:plan",
    "deploy:dev",
    "deploy:qa",
    "deploy:prod",
    "promote:promote",
}


def test_the_workflows_are_those_that_the_docs_speak_of() -> None:
    assert list(FILES) == ["ci.yml", "deploy.yml", "promote.yml", "pull-request.yml"]


def test_every_action_is_pinned_by_a_commit_with_its_version_beside_it() -> None:
    lines = [line for text in FILES.values() for line in text.splitlines() if "uses: " in line]
    assert lines
    others = [
        line for line in lines if not re.search(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)
    ]
    assert {line.strip() for line in others} == {"uses: $/.github/workflows/promote.yml"}


def test_an_action_is_the_same_commit_everywhere() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert len({one.partition("@")[0] for one in used}) == len(used)


def test_a_job_may_read_the_code_and_where_it_must_ask_for_a_token() -> None:
    for text in FILES.values():
        assert workflow(text)["permissions"] == {}
    for name, job in jobs().items():
        allowed = {"contents": "read"} | ({"id-token": "write"} if name in WITH_TOKEN else {})
        # The one job that runs nothing of the code has no need to read it.
        assert job["permissions"] == ({} if name.endswith(":plan-of-a-fork") else allowed), name


def test_no_checkout_leaves_its_credentials() -> None:
    for name, step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name


def test_every_job_that_runs_ends_in_time() -> None:
    assert {name for name, job in jobs().items() if "timeout-minutes" not in job} == {
        "deploy:qa",
        "deploy:prod",  # which promote.yml limits
    }


def test_no_script_is_made_of_what_an_expression_holds() -> None:
    assert [name for name, script in scripts().items() if "${{" in script] == []


@pytest.mark.parametrize("name", ["deploy:dev", "promote:promote"])
def test_what_changes_a_stage_does_so_one_after_the_other_to_its_end(name: str) -> None:
    job = jobs()[name]
    assert job["concurrency"] == {"group": job["environment"], "cancel-in-progress": False}


def test_what_a_pull_request_runs_is_not_run_in_the_name_of_the_repository() -> None:
    files = FILES.items()
    assert [name for name, text in files if "pull_request_target" in workflow(text)["on"]] == []


def test_a_forks_pull_request_asks_for_no_role_and_is_told_so() -> None:
    plan, fork = jobs()["pull-request:plan"], jobs()["pull-request:plan-of-a-fork"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert own in plan["if"]
    assert own.replace("==", "!=") in fork["if"]


def test_every_stage_of_stages_toml_is_planned_deployed_or_promoted_to() -> None:
    stages = list(load(STAGES_FILE).stages)
    matrix = jobs()["pull-request:plan"]["strategy"]["matrix"]
    assert matrix == {"stage": stages}
    deploy = {
        name.removeprefix("deploy:"): job for name, job in jobs().items() if "deploy:" in name
    }
    assert list(deploy) == ["the_model", *stages]
    for before, stage in pairwise(stages):
        job = deploy[stage]
        assert job["needs"] == before
        assert job["with"] == {
            "from": before,
            "to": stage,
            "release": f"${{{{ needs.{before}.outputs.release }}}}",
        }


def test_a_job_keeps_its_roles_no_longer_than_they_can_be_kept() -> None:
    for name, step in steps():
        seconds = step.get("with", {}).get("role-duration-seconds", 3600)
        assert seconds <= 7200, name  # pipeline.py: SESSION
