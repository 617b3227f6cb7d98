"""Snapshots: the templates of every stage beside stages.toml, as reviews see them."""

import json
import re
from typing import Any

from aws.stage import Stage

FOLDER = "snapshots"

_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def snapshot(template: dict[str, Any]) -> str:
    """The text of a template, in which only the hashes of assets are masked.

    An image or a model with other bytes does not change the infrastructure.
    """
    return _HASH.sub("<hash>", json.dumps(template, indent=2, sort_keys=True)) + "\n"


def template(text: str) -> dict[str, Any]:
    """The template of a snapshot; hashes are zeros."""
    found: dict[str, Any] = json.loads(text.replace("<hash>", "0" * 64))
    return found


def name_of(stage: Stage, stack: str) -> str:
    """The file name of the snapshot of a stage's stack."""
    purpose = stack.removeprefix(f"{stage.names.endpoint}-").title()
    return f"{stage.name}-{purpose}.json"
