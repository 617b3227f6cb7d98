"""The walls of stacks/: what it imports, what it knows."""

import ast
from pathlib import Path

import pytest

STACKS = Path(__file__).parents[2] / "stacks"
FILES = sorted(STACKS.rglob("*.py"))


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(STACKS)))
def test_no_aws_call_clock_chance_or_environment(file: Path) -> None:
    forbidden = {"boto3", "botocore", "datetime", "time", "random", "uuid", "os", "secrets"}
    assert not imported(file) & (forbidden | {"container", "localaws", "model", "promotion"})


WITHOUT_CDK = [
    STACKS / "aws_data.py",
    *sorted((STACKS / "settings").glob("*.py")),
    *sorted(STACKS.glob("compatibility*")),
    STACKS / "watching",
]


@pytest.mark.parametrize("file", WITHOUT_CDK, ids=lambda file: file.name)
def test_settings_checks_and_what_is_watched_do_without_cdk(file: Path) -> None:
    files = file.rglob("*.py") if file.is_dir() else [file]
    assert not [one for one in files if "aws_cdk" in imported(one)]


@pytest.mark.parametrize("file", sorted((STACKS / "plan").glob("*.py")), ids=lambda f: f.name)
def test_the_plan_does_without_cdk(file: Path) -> None:
    assert "aws_cdk" not in imported(file)


@pytest.mark.parametrize("file", sorted((STACKS / "constructs").glob("*.py")), ids=lambda f: f.name)
def test_constructs_do_not_know_the_names_of_stages(file: Path) -> None:
    words = {
        node.value
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not words & {"dev", "qa", "prod"}
