"""The templates as a reviewer reads them: plain JSON, a file a stage and stack, hashes masked.

After a change that is meant: `make snapshots`, and read the difference.
"""

import json
import re
from pathlib import Path

import pytest

from tests.stacks.conftest import Template

pytestmark = pytest.mark.slow

SNAPSHOTS = Path(__file__).parent / "snapshots"
HASH = re.compile(r"\b[0-9a-f]{64}\b")


def rendered(template: Template) -> str:
    return HASH.sub("<hash>", json.dumps(template, indent=2, sort_keys=True)) + "\n"


def test_every_template_is_as_its_snapshot(
    own_templates: dict[str, Template], request: pytest.FixtureRequest
) -> None:
    current = {f"{name}.json": rendered(template) for name, template in own_templates.items()}
    if request.config.getoption("--update-snapshots"):
        for stale in SNAPSHOTS.glob("*.json"):
            stale.unlink()
        for name, text in current.items():
            (SNAPSHOTS / name).write_text(text)
    stored = {file.name: file.read_text() for file in SNAPSHOTS.glob("*.json")}
    assert current == stored, "if this change is meant: make snapshots, and read the difference"
