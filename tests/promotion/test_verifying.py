"""Evidence on a deployed dev stage, by the command that a user types.

CloudFormation, S3, SageMaker and CloudWatch are the emulator's; the CDK CLI and the model are real.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from model.example.corpus import LABELS
from tests.end_to_end.conftest import Deployment, an_aws, clone
from tests.promotion.commands import refused, said

pytestmark = pytest.mark.long

# A busy machine is no finding.
QUICK = """
[defaults.verify]
bake_seconds = 2
seconds = 3
max_latency_p99_ms = 60_000
"""


@pytest.fixture
def deployment(root: Path, built_model: Path, tmp_path: Path) -> Iterator[Deployment]:
    """dev, not deployed yet, and soon verified."""
    project = clone(root, built_model, tmp_path / "project")
    with (project / "stages.toml").open("a") as stages:
        stages.write(QUICK)
    with an_aws(project, "dev") as made:
        yield made


def deploy(deployment: Deployment) -> None:
    deployed = deployment.cdk("deploy", "dev/*", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout


def shown(deployment: Deployment, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said(deployment, "show", name))
    return document


def failed(printed: str) -> list[str]:
    return [line.strip().split("  ")[0] for line in printed.splitlines() if "  failed  " in line]


def test_a_stage_is_verified_and_a_worse_model_does_not_pass(deployment: Deployment) -> None:
    deploy(deployment)
    assert refused(deployment, "verify", "dev").startswith("dev: no release yet; record one: ")

    said(deployment, "record", "dev")
    passed = said(deployment, "verify", "dev")
    assert passed.endswith("dev-000001: passed\n"), passed
    first = shown(deployment, "dev-000001")
    (evidence,) = first["evidence"]
    golden = evidence["golden"]
    assert golden["sha256"] == first["golden"]
    assert (golden["cases"], golden["labels"].keys()) == (200, set(LABELS))
    assert evidence["latency"]["requests"] == 15
    assert evidence["alarms"]["watched"] > 10

    case = json.loads(_golden(deployment)[evidence["golden"]["wrong"][0]["case"] - 1])
    (text,) = case["input"]["text"]
    assert text not in report(deployment)
    assert text in report(deployment, "--texts")

    a_worse_model(deployment)
    deploy(deployment)
    said(deployment, "record", "dev")
    worse = said(deployment, "verify", "dev", status=1)
    assert worse.endswith("dev-000002: not passed\n"), worse
    assert failed(worse) == ["entity F1 drop", "DATE F1 drop"]
    (evidence,) = shown(deployment, "dev")["evidence"]
    assert evidence["former_golden"] == golden

    compared = said(deployment, "diff", "dev-000001", "dev")
    assert "evidence: result" in compared
    assert "DATE F1 drop" in compared


def report(deployment: Deployment, *options: str) -> str:
    """The page as a text, without what marks spans."""
    page, _ = said(deployment, "report", "dev", *options).split()
    written = (deployment.project / page).read_text()
    return unescape(re.sub(r"</?mark>| \[[A-Z()a-z]+\]", "", written))


def _golden(deployment: Deployment) -> list[str]:
    return (deployment.project / "build" / "model" / "golden.jsonl").read_text().splitlines()


def a_worse_model(deployment: Deployment) -> None:
    """One that takes no month, no weekday and no year for a date, on the same golden set."""
    model = deployment.project / "build" / "model"
    cases = [json.loads(line) for line in _golden(deployment)]
    dates = {
        case["input"]["text"][0][entity["start"] : entity["end"]]
        for case in cases
        for entity in case["entities"]
        if entity["label"] == "DATE"
    }
    (terms,) = model.rglob("false_positives.txt")
    terms.write_text("\n".join([terms.read_text().rstrip(), *dates, ""]))
