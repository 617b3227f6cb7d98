"""`berth workflows`: what is written for stages of any names, order and number."""

from pathlib import Path

import pytest

from berth.workflows import texts
from tests.berth_cli import status_of
from tests.workflows.stages import FOUR, NAMED_BADLY, ONE, TWO, WITHOUT_BERTH, settings_of
from tests.workflows.workflows import Job, workflow


def jobs_of(text: str) -> dict[str, Job]:
    found: dict[str, Job] = workflow(text)["jobs"]
    return found


@pytest.mark.parametrize(
    ("stages", "names"),
    [
        (ONE, ["live"]),
        (TWO, ["test", "live"]),
        (FOUR, ["dev", "test", "eu", "us"]),
        (NAMED_BADLY, ["on", "null", "true"]),
    ],
    ids=["one", "two", "four", "named badly"],
)
def test_the_first_stage_is_deployed_and_each_later_one_promoted_to(
    tmp_path: Path, stages: str, names: list[str]
) -> None:
    files = texts(settings_of(tmp_path, stages))
    matrix = jobs_of(files["pull-request.yml"])["plan"]["strategy"]["matrix"]
    assert matrix == {"stage": names}
    model, first, *later = jobs_of(files["deploy.yml"]).items()
    assert (model[0], first[1]["needs"]) == ("the_model", "the_model")
    assert (first[0], first[1]["environment"]) == (names[0], names[0])
    (deploy,) = [step["run"] for step in first[1]["steps"] if step["name"] == "Deploy"]
    assert f"cdk deploy '{names[0]}/*' --import-existing-resources\n" in deploy
    assert [name for name, _ in later] == names[1:]
    for before, (name, job) in zip(names, later, strict=False):
        assert job["needs"] == before
        assert (job["with"]["from"], job["with"]["to"]) == (before, name)


def test_a_production_stage_waits_for_the_approval_of_its_environment(tmp_path: Path) -> None:
    lines = texts(settings_of(tmp_path, FOUR))["deploy.yml"].splitlines()
    held = [lines[at + 1].strip() for at, line in enumerate(lines) if "approves" in line]
    assert held == ["eu:"]
    lines = texts(settings_of(tmp_path, ONE))["deploy.yml"].splitlines()
    assert lines[lines.index("  live:") - 1].endswith("until somebody approves.")


def test_nothing_of_berths_own_tests_is_run(tmp_path: Path) -> None:
    written = "".join(texts(settings_of(tmp_path, TWO)).values())
    for target in ("make test", "make check", "make quick", "pytest"):
        assert target not in written


def test_berth_is_checked_out_where_the_repository_does_not_hold_it(tmp_path: Path) -> None:
    for text in texts(settings_of(tmp_path, WITHOUT_BERTH)).values():
        for job in jobs_of(text).values():
            got = [step["with"] for step in job.get("steps", []) if step["name"] == "Berth"]
            runs = [step["run"] for step in job.get("steps", []) if "run" in step]
            if any("berth " in run for run in runs) and job["name"] != "No change plan":
                assert [one["path"] for one in got] == [".berth"]
                assert {"make -C .berth setup", "make -C .berth setup-run"} & set(runs)
                assert got[0] | {"repository": "octo-org/berth", "ref": "v0.2.0"} == got[0]
            for run in runs:
                assert run.count(".venv/") == run.count(".berth/.venv/")


def test_they_are_written_beside_stages_toml_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_of(tmp_path, TWO)
    command = ("--stages", str(tmp_path / "stages.toml"), "workflows")
    assert status_of(*command, "--check") == 1
    assert "deploy.yml: is not written yet" in capsys.readouterr().out
    assert not (tmp_path / ".github").exists()
    assert status_of(*command) == 0
    assert status_of(*command, "--check") == 0
    (tmp_path / ".github" / "workflows" / "own.yml").write_text("on: push\n")
    settings_of(tmp_path, FOUR)
    capsys.readouterr()
    assert status_of(*command, "--check") == 1
    shown = capsys.readouterr().out
    assert "-        stage: [test, live]\n+        stage: [dev, test, eu, us]\n" in shown
    assert status_of(*command) == 0
    assert status_of(*command, "--check") == 0
    assert (tmp_path / ".github" / "workflows" / "own.yml").exists()
