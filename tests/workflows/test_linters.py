"""actionlint and zizmor find nothing in what `berth workflows` writes, and find what is wrong."""

import subprocess
from pathlib import Path

import pytest

from berth.workflows import texts
from tests.workflows.stages import FOUR, NAMED_BADLY, TWO, WITHOUT_BERTH, settings_of
from tests.workflows.workflows import FILES, ROOT

pytestmark = pytest.mark.slow

ACTIONLINT = ["actionlint"]
ZIZMOR = ["zizmor", "--offline", "--quiet", "--pedantic", "--strict-collection"]


def lint(command: list[str], *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def written(tmp_path: Path, files: dict[str, str]) -> list[Path]:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return sorted(folder.iterdir())


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """promote.yml with a fault."""
    text = FILES["promote.yml"]
    assert old in text
    (file,) = written(tmp_path, {"promote.yml": text.replace(old, new, 1)})
    return file


@pytest.mark.parametrize(
    "stages",
    [None, TWO, FOUR, NAMED_BADLY, WITHOUT_BERTH],
    ids=["own", "two", "four", "named badly", "without berth"],
)
def test_both_are_content_with_the_workflows(tmp_path: Path, stages: str | None) -> None:
    files = written(tmp_path, texts(settings_of(tmp_path, stages)) if stages else FILES)
    for command in (ACTIONLINT, ZIZMOR):
        done = lint(command, *files)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "old", "new", "finding"),
    [
        (ACTIONLINT, "steps.aws.outputs.source }}", "steps.asw.outputs.source }}", '"asw"'),
        (ACTIONLINT, "timeout-minutes", "timeout-minuets", "timeout-minuets"),
        (ZIZMOR, '--to "$TO"', "--to ${{ inputs.to }}", "template-injection"),
        (ZIZMOR, "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        (ZIZMOR, "@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0", "@v7", "unpinned-uses"),
        (ZIZMOR, "permissions: {}", "permissions: write-all", "excessive-permissions"),
    ],
)
def test_a_planted_fault_is_found(
    tmp_path: Path, command: list[str], old: str, new: str, finding: str
) -> None:
    done = lint(command, changed(tmp_path, old, new))
    assert done.returncode != 0
    assert finding in done.stdout
