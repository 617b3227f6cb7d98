"""A release on its way, by the commands that a user types and the real CDK CLI.

The gate's refusals and the rollback are played by tests/end_to_end/test_rehearsal.py; what kills
and races do is in tests/promotion/promoting/.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.bootstrap import bootstrap
from tests.end_to_end.conftest import Deployment
from tests.promotion.commands import ended, refused
from tests.promotion.rehearsed import deploy, nothing_differs, rehearsed, shown

pytestmark = pytest.mark.long


@pytest.fixture
def deployment(root: Path, built_model: Path, tmp_path: Path) -> Iterator[Deployment]:
    with rehearsed(root, built_model, tmp_path) as made:
        yield made


def test_a_release_goes_to_qa_and_a_trained_model_after_it_as_far_as_prod(
    deployment: Deployment, tmp_path: Path
) -> None:
    bad_input_touches_nothing(deployment)
    deploy(deployment)
    line = refused(deployment, "promote", "--from", "dev", "--to", "qa", status=1)
    assert line.startswith("dev-000001 has no evidence: berth verify dev; or --force")
    ended(deployment, "verify", "dev")

    printed, wrong = ended(deployment, "promote", "--from", "dev", "--to", "qa", status=1)
    assert "ExecutionRole" in printed
    assert "qa: neither deployed nor reviewed" in wrong
    assert not stacks_of(deployment, "qa")
    ended(deployment, "snapshots", "--assembly", "cdk.out")

    planned, _ = ended(deployment, "promote", "--dry-run", "--from", "dev", "--to", "qa")
    assert "evidence: passed" in planned
    assert re.search(r"file \w{64}\.gz: ([\d,]+) of \1 bytes to copy", planned)
    assert re.search(r"image cdk-hnb659fds-container-assets-\S+: ([\d,]+) of \1 bytes", planned)
    assert "rehearsal-qa-serving: not deployed yet, everything is created" in planned
    assert not stacks_of(deployment, "qa")

    printed, told = ended(deployment, "promote", "--from", "dev", "--to", "qa")
    assert printed.splitlines()[-1] == ("qa serves qa-000001, which is dev-000001, verified")
    # The CLI found every asset that it would else have built or uploaded.
    assert "Models/Image/Asset: building" not in told
    before, after = shown(deployment, "dev-000001"), shown(deployment, "qa-000001")
    assert after["lineage"]["release"] == "dev-000001"
    assert after["images"][0]["digest"] == before["images"][0]["digest"]
    assert after["models"][0]["archive"]["sha256"] == before["models"][0]["archive"]["sha256"]
    assert after["evidence"][0]["golden"]["labels"] == before["evidence"][0]["golden"]["labels"]
    nothing_differs(deployment, "qa", tmp_path / "assembly")
    again, _ = ended(deployment, "promote", "--from", "dev", "--to", "qa")
    assert again == "qa serves dev-000001 already, as qa-000001, verified\n"
    line = refused(deployment, "rollback", "qa")
    assert line == "qa: no release before qa-000001 that did not fail"

    a_trained_model_takes_the_place_of_the_promoted_one(deployment)
    nothing_differs(deployment, "qa", tmp_path / "assembly")
    bootstrap(deployment.emulator, ["prod"])
    what_qa_runs_goes_on_to_prod(deployment, "qa-000002", "prod-000001")
    nothing_differs(deployment, "prod", tmp_path / "assembly")

    printed, _ = ended(deployment, "rollback", "qa")
    assert printed.splitlines()[-1] == "qa serves qa-000003, which is qa-000001, verified"
    nothing_differs(deployment, "qa", tmp_path / "assembly")
    what_qa_runs_goes_on_to_prod(deployment, "qa-000003", "prod-000002")

    a_rollback_is_not_barred_by_the_alarms_of_what_failed(deployment)
    nothing_differs(deployment, "qa", tmp_path / "assembly")


def stacks_of(deployment: Deployment, stage: str) -> list[str]:
    session: Any = deployment.emulator.session(stage)
    listed = session.client("cloudformation").list_stacks()["StackSummaries"]
    names = (each["StackName"] for each in listed)
    return [name for name in names if name.startswith("rehearsal-")]


def bad_input_touches_nothing(deployment: Deployment) -> None:
    def run(*arguments: str) -> str:
        return refused(deployment, "promote", *arguments)

    assert "no stage 'staging'; there are dev, qa, prod" in run("--from", "dev", "--to", "staging")
    assert "another stage than its own" in run("--from", "dev", "--to", "dev")
    assert "prod takes what qa has tested" in run("--from", "dev", "--to", "prod")
    forward = ("--from", "dev", "--to", "qa")
    assert "config profile (nobody) could not be found" in run(*forward, "--profile-to", "nobody")
    line = run(*forward, "--profile-to", "rehearsal-prod")
    assert line.startswith("qa: the credentials are for account 333333333333, the stage's is 2222")
    assert run(*forward).startswith("rehearsal-dev-storage: no such stack in 111111111111")
    assert "takes a reason" in run(*forward, "--force", " ")
    for stage in ("dev", "qa", "prod"):
        assert not stacks_of(deployment, stage)


def a_trained_model_takes_the_place_of_the_promoted_one(deployment: Deployment) -> None:
    """What dev serves next stands for what a training job has made there."""
    (terms,) = (deployment.project / "build" / "model").rglob("false_positives.txt")
    terms.write_text(f"{terms.read_text().rstrip()}\nSomewhere\n")
    deploy(deployment)
    sagemaker = deployment.client("sagemaker")
    (name,) = (
        each["ModelName"]
        for each in sagemaker.list_models()["Models"]
        if each["ModelName"].startswith("rehearsal-dev")
    )
    way = ("--from", "dev", "--to", "qa")
    line = refused(deployment, "promote-model", "nobody", *way)
    assert (
        line
        == "nobody: neither a SageMaker model nor a model package of 111111111111, eu-central-1"
    )
    printed, _ = ended(deployment, "promote-model", name, *way)
    assert printed.splitlines()[-1] == f"qa serves qa-000002, which is {name}, verified"
    trained, running = shown(deployment, "dev-000002"), shown(deployment, "qa-000002")
    assert running["lineage"] == {
        **{"stage": "dev", "release": None, "model": name},
        **{"forced": None, "broadened": None},
    }
    assert running["models"][0]["manifest_sha256"] == trained["models"][0]["manifest_sha256"]
    assert running["models"][0]["archive"]["sha256"] == trained["models"][0]["archive"]["sha256"]
    assert running["images"] == shown(deployment, "qa-000001")["images"]

    package = {"Image": "any", "ModelDataUrl": trained["models"][0]["data"]}
    sagemaker.create_model_package_group(ModelPackageGroupName="spans")
    sagemaker.create_model_package(
        ModelPackageGroupName="spans",
        InferenceSpecification={"Containers": [package]},
        ModelApprovalStatus="Approved",
    )
    printed, _ = ended(deployment, "promote-model", "spans/1", *way)
    assert printed.splitlines()[-1] == "qa serves qa-000002, which is spans/1, verified"


def what_qa_runs_goes_on_to_prod(deployment: Deployment, tested: str, brought: str) -> None:
    printed, _ = ended(deployment, "promote", "--from", "qa", "--to", "prod")
    assert printed.splitlines()[-1] == f"prod serves {brought}, which is {tested}, verified"
    ((before,), (after,)) = (shown(deployment, name)["models"] for name in (tested, brought))
    assert after["archive"]["sha256"] == before["archive"]["sha256"]
    assert after["manifest_sha256"] == before["manifest_sha256"]


def a_rollback_is_not_barred_by_the_alarms_of_what_failed(deployment: Deployment) -> None:
    """Answers of 500 set off the alarm that takes every update back, that to a good model too."""
    code = deployment.project / "build" / "model" / "ner.py"
    start = "    if not word_ids:\n"
    assert start in code.read_text()
    fails = '    if len(text) > 75:\n        raise ValueError("broken for this test")\n'
    code.write_text(code.read_text().replace(start, fails + start))
    deploy(deployment)
    printed, told = ended(
        deployment,
        "promote",
        "--from",
        "dev",
        "--to",
        "qa",
        "--force",
        "to see it rolled back",
        status=1,
    )
    assert "qa: first without rollback alarms: rehearsal-qa-AllTraffic-5xx" in printed
    assert printed.splitlines()[-1] == "qa was rolled back and serves qa-000005, verified"
    assert "qa-000004 did not pass: " in told
    assert shown(deployment, "qa-000004")["lineage"]["forced"] == "to see it rolled back"
    assert shown(deployment, "qa-000005")["lineage"]["release"] == "qa-000003"
