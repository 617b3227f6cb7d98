"""What a target would be allowed to do more than it is, by name."""

from collections.abc import Mapping

from aws import cloudformation, snapshots
from aws.assembly import Template
from aws.stage import Stage
from stacks.deployment_plan.broadening import broadened


def broadening(target: Stage, templates: Mapping[str, Template]) -> list[str]:
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


def _reviewed(target: Stage, stack: str) -> Template | None:
    """The snapshot of a stack beside stages.toml, which a review has seen; None without one."""
    file = target.plan.file.parent / snapshots.FOLDER / snapshots.name_of(target, stack)
    return snapshots.template(file.read_text(encoding="utf-8")) if file.is_file() else None
