"""The walls of promotion/: what it imports."""

import ast
from pathlib import Path

import pytest

PROMOTION = Path(__file__).parents[2] / "promotion"
MAY_IMPORT = {
    "stacks.settings",
    "stacks.stage_plan",
    "stacks.deployment_plan",
    "stacks.compatibility",
    "stacks.build_arguments",
    "stacks.compliance",
}


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("file", sorted(PROMOTION.rglob("*.py")), ids=lambda file: file.name)
def test_no_cdk_and_of_the_other_folders_what_judges_settings_and_templates(file: Path) -> None:
    names = imported(file)
    roots = {name.split(".")[0] for name in names}
    assert not roots & {"aws_cdk", "constructs", "container", "localaws", "model", "tools"}
    ours = {name for name in names if name.startswith("stacks")}
    assert {".".join(name.split(".")[:2]) for name in ours} <= MAY_IMPORT
