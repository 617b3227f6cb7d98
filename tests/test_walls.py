"""The walls of the whole repository: no import circles, and one adapter for MiniStack.

An import for types alone (under TYPE_CHECKING) counts: whoever reads the one module has to know the
other.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (
    *("stacks", "promotion", "model", "localaws", "contract", "container", "berth", "aws", "tools"),
)


def modules(root: Path, folders: tuple[str, ...] = FOLDERS) -> dict[str, Path]:
    """The project's modules by the names that imports know them by."""
    found = {}
    for folder in folders:
        # The container's modules begin at its own folder, from which its programs start.
        start = root / folder if folder == "container" else root
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(start).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def named(path: Path, module: str) -> Iterator[str]:
    """Every name that a module's import statements may mean."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports(known: dict[str, Path]) -> dict[str, set[str]]:
    """The project's modules that each of its modules imports."""
    graph = {}
    for module, path in known.items():
        found = set()
        for name in named(path, module):
            parts = name.split(".")
            while parts and ".".join(parts) not in known:
                parts.pop()
            found.add(".".join(parts))
        graph[module] = found - {"", module}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_import_circles() -> None:
    graph = imports(modules(ROOT))
    assert len(graph) > 100
    assert not circle(graph)


def test_an_import_for_types_alone_counts(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from folder.two import Two\n"
    )
    (tmp_path / "folder" / "two.py").write_text("from folder import one\n")
    graph = imports(modules(tmp_path, ("folder",)))
    assert set(circle(graph)) == {"folder.one", "folder.two"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_adapter_alone_imports_ministack(folder: str) -> None:
    adapter = ROOT / "localaws" / "ministack"
    foreign = [
        path
        for module, path in modules(ROOT, (folder,)).items()
        if adapter not in path.parents
        and any(name.partition(".")[0] == "ministack" for name in named(path, module))
    ]
    assert not foreign
