import ast
import sys
from pathlib import Path

THIRD_PARTY = {"mlflow", "packaging", "pandas", "starlette", "uvicorn", "yaml"}


def imported_by(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_container_stands_alone(root: Path) -> None:
    modules = list((root / "container").rglob("*.py"))
    assert modules
    for module in modules:
        foreign = imported_by(module) - sys.stdlib_module_names - THIRD_PARTY
        assert not foreign, f"{module} imports {foreign}"


def test_it_listens_before_anything_slow_is_imported(root: Path) -> None:
    """MLflow and pandas come with the model, in its thread, while /ping answers already."""
    heavy = {"mlflow", "pandas", "yaml", "packaging"}
    serving = root / "container" / "serving"
    late = {"loading", "manifest", "model", "record", "scoring"}
    for module in serving.glob("*.py"):
        if module.stem not in late:
            assert not imported_by(module) & heavy, module
