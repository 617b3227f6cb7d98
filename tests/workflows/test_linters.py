"""actionlint and zizmor, as `make workflows` runs them, find what is wrong."""

import subprocess
from pathlib import Path

import pytest

from tests.workflows.workflows import FILES, ROOT

pytestmark = pytest.mark.slow

ACTIONLINT = ["actionlint"]
ZIZMOR = ["zizmor", "--offline", "--quiet", "--pedantic", "--strict-collection"]


def lint(command: list[str], *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """promote.yml with a fault."""
    text = (ROOT / ".github" / "workflows" / "promote.yml").read_text()
    assert old in text
    file = tmp_path / ".github" / "workflows" / "promote.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(old, new, 1))
    return file


def test_both_are_content_with_the_workflows() -> None:
    for command in (ACTIONLINT, ZIZMOR):
        done = lint(command, *FILES)
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
