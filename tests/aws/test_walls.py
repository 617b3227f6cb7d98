"""Who calls AWS: of the folders of the commands, aws/ alone imports boto3 and botocore."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("berth", "aws", "stacks", "promotion", "model", "tools")
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
# A Lambda function's own code, which runs in AWS; the CDK reads it as text.
IN_LAMBDA = ROOT / "stacks" / "constructs" / "default_group_closer.py"


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_aws_alone_imports_boto3(file: Path) -> None:
    roots = {name.split(".")[0] for name in imported(file)}
    if file.is_relative_to(ROOT / "aws"):
        ours = {name for name in imported(file) if name.split(".")[0] in {"aws", *FOLDERS}}
        allowed = ("aws", "stacks.settings", "stacks.stage_plan")
        assert all(name.startswith(allowed) for name in ours)
    elif file != IN_LAMBDA:
        assert not roots & {"boto3", "botocore"}


@pytest.mark.parametrize(
    "file", sorted((ROOT / "stacks").rglob("*.py")), ids=lambda file: file.name
)
def test_stacks_know_neither_aws_nor_the_command_line(file: Path) -> None:
    roots = {name.split(".")[0] for name in imported(file)}
    assert not roots & {"aws", "berth"}
