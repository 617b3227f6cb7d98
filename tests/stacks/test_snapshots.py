"""The templates of the tests' own stages and of the examples are as they are kept beside this file.

After a change that is meant: `python -m pytest tests/stacks/test_snapshots.py --update-snapshots`,
and read the difference. A user's own stages have snapshots of their own: `berth snapshots`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from berth.generated import differences
from berth.snapshots import kept, rendered, write
from tests.stacks.conftest import EXAMPLES, Template, read_templates

pytestmark = pytest.mark.slow

SNAPSHOTS = Path(__file__).parent / "snapshots"


def check(templates: dict[str, Template], folder: Path, *, update: bool) -> None:
    """Hold templates against the snapshots in a folder, or write these."""
    texts = rendered(templates)
    if update:
        write(folder, texts)
    assert differences(kept(folder), texts) == [], (
        "if this change is meant: see the top of this file"
    )


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
