"""docs/architecture.md: its picture of the folders has the arrows that the code has.

Of tools/ it has what the others import.
"""

import ast
import re
from pathlib import Path

FOLDERS = ("berth", "aws", "stacks", "promotion", "model", "localaws", "contract", "container")
APPS = ("app", "pipeline")
TOOLS = ("packed_models.py", "image/*.py")


def drawn(page: str) -> set[tuple[str, str]]:
    picture = page.split("```mermaid\n")[1].split("```", maxsplit=1)[0]
    arrows = re.findall(r"^ *(\w+)\[.*?\] --> (.*)$", picture, re.MULTILINE)
    return {(source, target) for source, targets in arrows for target in targets.split(" & ")}


def imported(file: Path) -> set[str]:
    roots = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    return {"container" if root == "berth_serving" else root for root in roots}


def test_the_picture_of_the_folders_has_the_arrows_of_the_code(root: Path) -> None:
    files = {name: [root / f"{name}.py"] for name in APPS}
    files |= {name: sorted((root / name).rglob("*.py")) for name in FOLDERS}
    files["tools"] = [file for name in TOOLS for file in (root / "tools").glob(name)]
    found = {
        (name, other)
        for name, its in files.items()
        for file in its
        for other in imported(file) & files.keys() - {name}
    }
    assert drawn((root / "docs" / "architecture.md").read_text()) == found
