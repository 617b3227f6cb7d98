import ast
import sys
from pathlib import Path

HEAVY = {
    *("mlflow", "numpy", "onnx", "onnxruntime", "packaging", "pandas", "pyarrow", "safetensors"),
    *("tokenizers", "torch", "transformers", "yaml"),
}
FRONT = {"httptools", "prometheus_client", "uvloop", "wsproto"}
THIRD_PARTY = HEAVY | FRONT | {"orjson"}


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


def test_a_worker_imports_nothing_of_the_fronts_packages(root: Path) -> None:
    """They are in an environment of their own, which no model sees."""
    serving = root / "container" / "berth_serving"
    known = modules(serving)
    assert reached("berth_serving.front.app", known) & FRONT  # what is looked for is found
    assert not reached("berth_serving.worker.__main__", known) & FRONT


def modules(serving: Path) -> dict[str, Path]:
    """The server's modules by their names."""
    found = {}
    for path in serving.rglob("*.py"):
        parts = path.relative_to(serving.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def reached(start: str, known: dict[str, Path]) -> set[str]:
    """The packages that a module and all that it imports of the server's import."""
    packages: set[str] = set()
    seen, to_see = set(), [start]
    while to_see:
        module = to_see.pop()
        if module in seen or module not in known:
            continue
        seen.add(module)
        path = known[module]
        packages |= imported_by(path)
        to_see.append(module.rpartition(".")[0])
        parts = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                above = parts[: len(parts) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
                to_see += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return packages
