"""What a target would be allowed to do more than it is, by name."""

import json
from collections.abc import Mapping
from typing import Any

from aws import cloudformation
from aws.stage import Stage
from stacks.deployment_plan.broadening import broadened

_HASH = "<hash>"  # as `berth snapshots` writes the hash of an asset


def broadening(target: Stage, templates: Mapping[str, dict[str, Any]]) -> list[str]:
    """A line for each permission that neither what is deployed has nor a snapshot of the checkout.

    Raises AwsError where a stack is not at rest.
    """
    return [
        line
        for name, template in templates.items()
        for line in broadened(
            name,
            cloudformation.as_kept(cloudformation.template(target.cloudformation, name)),
            cloudformation.as_kept(_reviewed(target, name)),
            cloudformation.as_kept(template),
        )
    ]


def _reviewed(target: Stage, stack: str) -> dict[str, Any] | None:
    """The snapshot of a stack beside stages.toml, which a review has seen; None without one."""
    purpose = stack.removeprefix(f"{target.names.endpoint}-").title()
    file = target.plan.file.parent / "snapshots" / f"{target.name}-{purpose}.json"
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8").replace(_HASH, "0" * 64)
    found: dict[str, Any] = json.loads(text)
    return found
