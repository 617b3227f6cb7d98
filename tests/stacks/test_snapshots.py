"""The templates as a reviewer reads them: plain JSON, a file a stage and stack, hashes masked.

After a change that is meant: `make snapshots`, and read the difference.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stacks.conftest import EXAMPLES, Template, read_templates

pytestmark = pytest.mark.slow

SNAPSHOTS = Path(__file__).parent / "snapshots"
HASH = re.compile(r"\b[0-9a-f]{64}\b")


def rendered(template: Template) -> str:
    return HASH.sub("<hash>", json.dumps(template, indent=2, sort_keys=True)) + "\n"


def check(templates: dict[str, Template], folder: Path, *, update: bool) -> None:
    """Hold templates against the snapshots in a folder, or write these."""
    current = {f"{name}.json": rendered(template) for name, template in templates.items()}
    if update:
        folder.mkdir(exist_ok=True)
        for stale in folder.glob("*.json"):
            stale.unlink()
        for name, text in current.items():
            (folder / name).write_text(text)
    stored = {file.name: file.read_text() for file in folder.glob("*.json")}
    assert current == stored, "if this change is meant: make snapshots, and read the difference"


def test_every_template_is_as_its_snapshot(
    templates: dict[str, Template], request: pytest.FixtureRequest
) -> None:
    check(templates, SNAPSHOTS, update=request.config.getoption("--update-snapshots"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_examples_templates_are_as_their_snapshots(
    name: str, examples: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    update = request.config.getoption("--update-snapshots")
    check(read_templates(examples(name)), SNAPSHOTS / name, update=update)


def test_the_roles_of_githubs_jobs_are_as_their_snapshots(
    roles: dict[str, Template], request: pytest.FixtureRequest
) -> None:
    check(roles, SNAPSHOTS / "pipeline", update=request.config.getoption("--update-snapshots"))
