import ast
import sys
from pathlib import Path

HEAVY = {
    *("mlflow", "numpy", "onnx", "onnxruntime", "packaging", "pandas", "pyarrow", "safetensors"),
    *("tokenizers", "torch", "transformers", "yaml"),
}
THIRD_PARTY = HEAVY | {"httptools", "orjson", "prometheus_client", "uvloop", "wsproto"}


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
    """What a model needs is imported by its worker, while the front answers /ping already."""
    serving = root / "container" / "berth_serving"
    front = [
        *serving.glob("*.py"),
        *serving.glob("front/*.py"),
        *serving.glob("http/*.py"),
        *serving.glob("worker/*.py"),
    ]
    for module in front:
        assert not imported_by(module) & HEAVY, module
