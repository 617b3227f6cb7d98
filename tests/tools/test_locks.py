"""The locked sets: everything by version and hash; beside credentials the run set alone."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.workflows.test_rules import WITH_TOKEN
from tests.workflows.workflows import jobs

CONTAINER = tuple(f"container/requirements{name}.txt" for name in ("", "-front", "-engine"))
LOCKS = ("requirements.txt", "requirements-dev.txt", *CONTAINER, "tools/uv.txt")
JOINT = {"numpy", "packaging"}
"""What is chosen together with the model's own requirements."""
APART = {"torch"}
"""What `tools/setup.sh` installs by its version."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: Path) -> dict[str, str]:
    """The lines of a lock, hashes and all, by the name of the package."""
    text = re.sub(r"(?m)^#.*\n", "", file.read_text()).replace("\\\n", "")
    return {canonical(re.split(r"[=<>~! ;\[]", line)[0]): line for line in text.splitlines()}


def asked_for(file: Path) -> Iterator[str]:
    for line in file.read_text().splitlines():
        if line.startswith("-r "):
            yield from asked_for(file.parent / line.removeprefix("-r "))
        elif not line.startswith("#"):
            yield line


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_has_a_version_and_hashes_and_no_address(root: Path, name: str) -> None:
    lines = locked(root / name).values()
    assert lines
    wrong = [line for line in lines if not re.match(r"\S+==\S+.*( +--hash=sha256:\w{64})+", line)]
    assert wrong == []
    assert "://" not in (root / name).read_text()
    assert not re.search(r"(?m)^ *-", re.sub(r"--hash=\S+", "", "\n".join(lines)))


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_asked_for_is_locked_at_that_version(root: Path, name: str) -> None:
    there = locked(root / name)
    for line in asked_for((root / name).with_suffix(".in")):
        asked = Requirement(line)
        package = canonical(asked.name)
        if package not in JOINT | APART or package in there:
            version = re.match(rf"{package}==([^ ;]+)", there[package])
            assert version, line
            assert asked.specifier.contains(version[1]), line


@pytest.mark.parametrize("name", ["requirements.txt", *CONTAINER])
def test_a_package_has_one_version_in_all_sets(root: Path, name: str) -> None:
    every = locked(root / "requirements-dev.txt")
    assert {package: every[package] for package in locked(root / name)} == locked(root / name)


def test_the_image_leaves_what_models_pin_to_their_requirements(root: Path) -> None:
    assert not [name for name in CONTAINER if JOINT & set(locked(root / name))]


def test_a_job_with_a_token_installs_the_run_set_alone() -> None:
    for name, job in jobs().items():
        installed = [step["run"] for step in job.get("steps", []) if "make " in step.get("run", "")]
        if name in WITH_TOKEN and "steps" in job:
            assert installed == ["make setup-run"], name


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def test_the_run_set_has_all_that_deploys_promotes_and_verifies(root: Path) -> None:
    files = [root / "app.py", root / "pipeline.py", *root.glob("tools/*.py")]
    for folder in ("aws", "stacks", "promotion", "tools/image"):
        files += (root / folder).rglob("*.py")
    files += [root / "model" / f"{name}.py" for name in ("folder", "packing", "push", "parts")]
    own = {path.name for path in root.iterdir()} | {path.stem for path in root.glob("*.py")}
    of_modules, run = packages_distributions(), locked(root / "requirements.txt")
    lacking = {
        (str(file.relative_to(root)), name)
        for file in files
        if file.exists() and file.name not in ("bench.py", "security.py", "docs.py", "alarms.py")
        for name in imported(file) - own - set(sys.stdlib_module_names)
        if not {canonical(one) for one in of_modules.get(name, [])} & set(run)
    }
    assert lacking == set()


WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from berth.program import main
main({arguments!r})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["roles", "dev"], 0, "deploy=arn:aws:iam::111111111111:role/berth-dev-deploy"),
        (["policy", "qa", "--side", "target"], 0, "UploadLayerPart"),
        (["record", "dev", "--profile", "nobody"], 2, "The config profile (nobody)"),
        (["verify", "dev", "--profile", "nobody"], 2, "The config profile (nobody)"),
        (["promote", "--from", "dev", "--to", "qa", "--profile-from", "nobody"], 2, "(nobody)"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_the_commands_of_a_job_work_with_the_run_set_alone(
    root: Path, arguments: list[str], status: int, said: str
) -> None:
    run = set(locked(root / "requirements.txt"))
    absent = {
        name
        for name, packages in packages_distributions().items()
        if not {canonical(one) for one in packages} & run
    }
    assert {"psutil", "torch", "pytest"} <= absent
    given = ["--stages", str(root / "tests" / "stages.toml"), *arguments]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(absent=absent, arguments=given)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_what_has_another_hash_is_not_installed(root: Path, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    line = locked(root / "requirements.txt")["mdurl"]

    def install() -> subprocess.CompletedProcess[str]:
        options = ["--require-hashes", "--no-deps", "--target", str(tmp_path / "there")]
        command = [str(root / "tools" / "uv"), "pip", "install", *options, "-r", str(lock)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    lock.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", line) + "\n")
    refused = install()
    assert refused.returncode != 0
    assert "hash" in refused.stderr.lower()
    lock.write_text(line + "\n")
    assert install().returncode == 0
