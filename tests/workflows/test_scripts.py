"""The scripts of the workflows, run by bash as a runner does, with a stand-in for the program."""

import os
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.workflows.workflows import FILES, scripts, workflow

pytestmark = pytest.mark.slow


def run(
    folder: Path, script: str, program: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    berth = folder / ".venv" / "bin" / "berth"
    berth.parent.mkdir(parents=True)
    berth.write_text(f"#!/bin/sh\n{program}\n")
    berth.chmod(0o755)
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    # How GitHub starts `shell: bash`.
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts()[script]],
        cwd=folder,
        env={**os.environ, **files, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_script_is_run_by_bash_by_name() -> None:
    assert {workflow(text)["defaults"]["run"]["shell"] for text in FILES.values()} == {"bash"}


def test_the_summary_holds_the_plan(tmp_path: Path) -> None:
    done = run(tmp_path, "pull-request:plan:Plan", 'echo "plan: $*"', STAGE="qa")
    assert done.returncode == 0
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary == "### qa\n\n    plan: plan qa\n"


def test_no_line_of_a_plan_ends_its_block_in_the_summary(tmp_path: Path) -> None:
    lines = r"  one\n```\n\n# passed\n</pre>\rtwo [here](https://example.com)\n"
    run(tmp_path, "pull-request:plan:Plan", f"printf '{lines}'", STAGE="qa")
    _, _, plan, *others = MarkdownIt().parse((tmp_path / "GITHUB_STEP_SUMMARY").read_text())[1:]
    assert plan.type == "code_block"
    assert others == []
    assert plan.content.endswith("</pre> two [here](https://example.com)\n")


def test_a_plan_that_would_lose_data_is_in_the_summary_and_fails_the_job(tmp_path: Path) -> None:
    program = 'echo "refused" >&2; exit 1'
    done = run(tmp_path, "pull-request:plan:Plan", program, STAGE="prod")
    assert done.returncode == 1
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text() == "### prod\n\n    refused\n"


@pytest.mark.parametrize("name", ["deploy:dev", "promote:promote"])
def test_the_release_is_handed_to_the_next_job(tmp_path: Path, name: str) -> None:
    step = next(one for one in scripts() if one.startswith(f"{name}:Which release"))
    done = run(tmp_path, step, """echo '{"id": "qa-000007"}'""", TO="qa")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "id=qa-000007\n"


@pytest.mark.parametrize("name", ["deploy:dev", "promote:promote"])
def test_a_release_that_cannot_be_read_stops_the_job(tmp_path: Path, name: str) -> None:
    step = next(one for one in scripts() if one.startswith(f"{name}:Which release"))
    assert run(tmp_path, step, "exit 2", TO="qa").returncode != 0


@pytest.mark.parametrize("name", ["deploy:dev", "promote:promote"])
def test_the_documents_hash_is_handed_to_the_next_job_and_shown_to_who_approves(
    tmp_path: Path, name: str
) -> None:
    program = f'[ "$1 $2 $3" = "show --sha256 qa-000007" ] && echo {"a" * 64}'
    done = run(tmp_path, f"{name}:Which document passed", program, RELEASE="qa-000007")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == f"sha256={'a' * 64}\n"
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary == f"qa-000007 passed. SHA-256 of its document: `{'a' * 64}`\n\n"


@pytest.mark.parametrize(
    ("reason", "given"), [("", []), ("a queue; $(x)", ["--allow-broadening", "a queue; $(x)"])]
)
def test_a_promotion_may_allow_more_where_a_reason_is_given(
    tmp_path: Path, reason: str, given: list[str]
) -> None:
    inputs = {"FROM": "dev", "TO": "qa", "RELEASE": "dev-000007", "SHA256": "abc"}
    program = "printf '%s\\n' \"$@\""
    done = run(tmp_path, "promote:promote:Promote and verify", program, **inputs, BROADENING=reason)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *["promote", "--from", "dev", "--to", "qa", "--release", "dev-000007", "--sha256", "abc"],
        *["--profile-from", "source", "--profile-to", "target"],
        *given,
    ]


@pytest.mark.parametrize("name", ["deploy:dev:Evidence", "promote:promote:Evidence"])
def test_the_evidence_that_was_written_is_the_summary(tmp_path: Path, name: str) -> None:
    reports = tmp_path / "build" / "reports"
    reports.mkdir(parents=True)
    (reports / "qa-000007.md").write_text("# qa-000007\n")
    done = run(tmp_path, name, "exit 1", TO="qa")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text() == "# qa-000007\n"


def test_of_a_promotion_that_had_nothing_to_do_it_is_written_anew(tmp_path: Path) -> None:
    program = 'mkdir -p build/reports; echo "$*" > build/reports/qa-000007.md'
    done = run(tmp_path, "promote:promote:Evidence", program, TO="qa")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert written == "report qa --profile target\n"


def test_a_fork_is_told_that_it_gets_no_plan(tmp_path: Path) -> None:
    run(tmp_path, "pull-request:plan-of-a-fork:Say so", "exit 1")
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("No change plan: a fork's pull request gets no token for AWS.")
    assert "`berth plan dev`" in summary
