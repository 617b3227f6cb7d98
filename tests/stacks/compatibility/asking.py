"""A stage that asks for something, and what a check says to it."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from stacks.compatibility import ModelFolder, ModelRecord
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.checks import Check
from stacks.compatibility.findings import Finding
from stacks.settings import Settings
from stacks.stage_plan import StagePlan, stage_plans

MODEL = ModelFolder(
    name="model",
    record=ModelRecord("3.11.7", "torch==2.13.0\n"),
    versions={
        "python_env.yaml": {"python": "3.11.7"},
        "requirements.txt": {"torch": "2.13.0"},
        "conda.yaml": {},
        "MLmodel": {},
    },
    pickled=False,
    size=2_000_000,
    largest_file=1_000_000,
    weights=1_000_000,
)
SERVER_REQUIREMENTS = {"orjson": Requirement("orjson>=3.9")}
FOLDER = Path("there")


class Case(NamedTuple):
    """What is refused (or warned of), the words for it, and its neighbour that passes."""

    check: Check
    bad: str
    says: str
    good: str
    warns: bool = False
    cuda: str = "13.0"
    good_cuda: str | None = None

    def __str__(self) -> str:
        return f"{self.check.__name__}-{self.says}"


def settings_that_ask(text: str, *, cuda: str = "13.0", folder: Path = FOLDER) -> Settings:
    """One stage `dev` of TOML, on ml.m5.xlarge in us-east-1 where that says nothing else."""
    asked: dict[str, Any] = {
        "account": "111111111111",
        "region": "us-east-1",
        "endpoint": {"instance_type": "ml.m5.xlarge"},
    }
    for key, value in tomllib.loads(text).items():
        both_tables = isinstance(value, dict) and isinstance(asked.get(key), dict)
        asked[key] = asked[key] | value if both_tables else value
    return Settings.model_validate(
        {
            "project": "berth",
            "model": {"path": "model"},
            "container": {"cuda": cuda},
            "stages": {"dev": asked},
            "file": folder / "stages.toml",
        }
    )


def plan_of(text: str, *, cuda: str = "13.0", folder: Path = FOLDER) -> StagePlan:
    """The plan of such a stage."""
    return stage_plans(settings_that_ask(text, cuda=cuda, folder=folder))["dev"]


def stage_that_asks(
    text: str,
    *,
    cuda: str = "13.0",
    models: Mapping[str, ModelFolder] | None = None,
    folder: Path = FOLDER,
) -> CheckedStage:
    """Such a stage, as checks see it."""
    known = {"model": MODEL, "candidate": replace(MODEL, name="candidate"), **(models or {})}
    return CheckedStage(plan_of(text, cuda=cuda, folder=folder), known, SERVER_REQUIREMENTS)


def found(check: Check, stage: CheckedStage) -> list[Finding]:
    """The findings of one check, each of them one line of the stage's."""
    findings = list(check(stage))
    for finding in findings:
        assert finding.stage == "dev"
        assert "\n" not in str(finding)
        assert str(finding).startswith(("stages.toml: ", "model/", "candidate/"))
    return findings


def hold(case: Case) -> None:
    """Hold a check to its two examples."""
    findings = found(case.check, stage_that_asks(case.bad, cuda=case.cuda))
    assert [finding.severity for finding in findings] == ["warning" if case.warns else "refusal"]
    assert case.says in str(findings[0])
    good_cuda = case.good_cuda or case.cuda
    assert found(case.check, stage_that_asks(case.good, cuda=good_cuda)) == []
