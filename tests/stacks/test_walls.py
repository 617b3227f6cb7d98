"""The walls of stacks/: what it imports, what it knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.modes import MODES

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks"
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
    *(STACKS / f"{name}.py" for name in ("aws_data", "modes", "instance_types", "ami_versions")),
    STACKS / "stage_plan",
    *sorted((STACKS / "settings").glob("*.py")),
    *sorted(STACKS.glob("compatibility*")),
    STACKS / "watching",
]


@pytest.mark.parametrize("file", WITHOUT_CDK, ids=lambda file: file.name)
def test_settings_checks_and_what_is_watched_do_without_cdk(file: Path) -> None:
    files = file.rglob("*.py") if file.is_dir() else [file]
    assert not [one for one in files if "aws_cdk" in imported(one)]


@pytest.mark.parametrize(
    "file", sorted((STACKS / "deployment_plan").glob("*.py")), ids=lambda f: f.name
)
def test_the_deployment_plan_does_without_cdk(file: Path) -> None:
    assert "aws_cdk" not in imported(file)


@pytest.mark.parametrize("file", sorted((STACKS / "constructs").glob("*.py")), ids=lambda f: f.name)
def test_constructs_do_not_know_the_names_of_stages(file: Path) -> None:
    words = {
        node.value
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not words & {"dev", "qa", "prod"}


def operands(compare: ast.Compare) -> Iterator[ast.expr]:
    """What is compared; of a collection written there, what is in it."""
    for operand in (compare.left, *compare.comparators):
        if isinstance(operand, ast.Tuple | ast.List | ast.Set):
            yield from operand.elts
        else:
            yield operand


def is_a_modes_name(value: ast.expr) -> bool:
    """`"batch"`, `settings.mode`, `mode.name`, `settings["mode"]`."""
    match value:
        case ast.Constant(value=str(text)):
            return text in MODES
        case ast.Name(id="mode") | ast.Attribute(attr="mode"):
            return True
        case ast.Attribute(value=of, attr="name"):
            return isinstance(of, ast.Name | ast.Attribute) and is_a_modes_name(of)
        case ast.Subscript(slice=ast.Constant(value="mode")):
            return True
    return False


def decisions_by_name(tree: ast.AST) -> Iterator[str]:
    """Where code asks which mode it has, rather than what the mode can do."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare() if any(map(is_a_modes_name, operands(node))):
                yield ast.unparse(node)
            case ast.MatchValue(value=value) if is_a_modes_name(value):
                yield f"case {ast.unparse(value)}"
            case ast.Dict() if len([key for key in node.keys if key and is_a_modes_name(key)]) > 1:
                yield ast.unparse(node)
            case ast.Attribute(attr="mode") if ast.unparse(node).endswith("settings.mode"):
                yield ast.unparse(node)


# stacks/modes.py defines modes; a plan is where a name becomes an object.
MAY_KNOW_MODES = {STACKS / "modes.py", STACKS / "stage_plan" / "plan.py"}
PROGRAMS = [
    file
    for folder in ("stacks", "promotion", "localaws", "tools", "model", "berth", "aws")
    for file in sorted((ROOT / folder).rglob("*.py"))
] + [ROOT / "app.py", ROOT / "pipeline.py"]


@pytest.mark.parametrize(
    "file",
    [file for file in PROGRAMS if file not in MAY_KNOW_MODES],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_what_a_mode_can_do_is_asked_and_never_its_name(file: Path) -> None:
    assert list(decisions_by_name(ast.parse(file.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        'mode == "batch"',
        'settings.mode in ("async", "serverless")',
        "plan.mode.name == wanted",
        'release.settings["mode"] != name',
        "stage.settings.mode",
        'x = {"batch": 1, "async": 2}[name]',
        'match name:\n    case "multi-model":\n        pass',
    ],
)
def test_that_a_modes_name_is_asked_is_seen(code: str) -> None:
    assert list(decisions_by_name(ast.parse(code)))


@pytest.mark.parametrize("code", ["mode.has_queue", "target in plan.mode.scaling_targets"])
def test_that_a_mode_is_asked_what_it_can_do_is_let_through(code: str) -> None:
    assert not list(decisions_by_name(ast.parse(code)))


def modules_of(file: Path) -> Iterator[str]:
    """The modules of stacks/ that a file imports, for types alone and within functions, too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in below]
        else:
            continue
        yield from (name for name in names if name in MODULES)


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in FILES}


def test_no_module_imports_itself_by_way_of_others() -> None:
    left = {name: set(modules_of(file)) - {name} for name, file in MODULES.items()}
    while ready := [name for name, imports in left.items() if not imports & left.keys()]:
        for name in ready:
            del left[name]
    assert left == {}
