"""What `berth promote` would do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws import cloudformation
from aws.stage import Stage
from promotion import PromotionError
from promotion.artifacts import Artifact, expected_artifacts
from promotion.gate import missing_evidence
from promotion.moving import Planned
from promotion.release import Release
from promotion.reviewed import broken_rules, not_reviewed
from promotion.store import ReleaseStore
from stacks.deployment_plan.data import StackTemplates
from stacks.deployment_plan.report import DeploymentPlan
from stacks.deployment_plan.report import plan as plan_changes
from stacks.deployment_plan.resource_types import NoResourceTypesError, ResourceTypes

_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class PromotionPlan:
    """What a promotion of a release would do.

    Attributes:
        stopped: why the gate does not let the release through; None where it does.
        changes: of the target's stacks.
        broadening: by name, what is neither deployed nor in a snapshot that a review has seen.
    """

    release: Release
    stopped: str | None
    artifacts: tuple[tuple[Artifact, Planned], ...]
    changes: DeploymentPlan
    broadening: tuple[str, ...]

    def lines(self) -> list[str]:
        """The plan as text."""
        copied = (
            f"{artifact.kind} {artifact.name}: {planned.missing:,} of {planned.size:,} bytes to"
            " copy"
            for artifact, planned in self.artifacts
        )
        changes = (str(line) for line in self.changes.lines)
        more = [f"neither deployed nor reviewed: {line}" for line in self.broadening]
        evidence = self.release.latest_evidence
        said = self.stopped or (evidence.said if evidence else "passed")
        return [f"evidence: {said}", *copied, *changes, *more]

    def document(self, target: str) -> dict[str, Any]:
        """The plan as JSON for a script."""
        return {
            "release": self.release.id,
            "target": target,
            "stopped": self.stopped,
            "artifacts": [
                {
                    "kind": artifact.kind,
                    "name": artifact.name,
                    "sha256": artifact.digest,
                    "bytes": planned.size,
                    "missing_bytes": planned.missing,
                }
                for artifact, planned in self.artifacts
            ],
            "changes": [str(line) for line in self.changes.lines],
            "broadening": list(self.broadening),
        }


def plan(source: Stage, target: Stage, release: Release) -> PromotionPlan:
    """Compare a release with what the target has.

    Raises PromotionError where the release does not have what the target needs.
    """
    with ReleaseStore(source).unpacked(release, target) as made:
        artifacts = expected_artifacts(made, release, source, target)
        templates = made.wanted.templates
    try:
        types = ResourceTypes.read(_PROJECT)
    except NoResourceTypesError as error:
        raise PromotionError(str(error)) from None
    pairs = [
        StackTemplates(
            name,
            cloudformation.as_kept(cloudformation.template(target.cloudformation, name)),
            cloudformation.as_kept(template),
        )
        for name, template in templates.items()
    ]
    return PromotionPlan(
        release=release,
        stopped=missing_evidence(release, source.settings)
        or next(iter(broken_rules(target, templates)), None),
        broadening=tuple(not_reviewed(target, release, templates)),
        artifacts=tuple((artifact, artifact.plan()) for artifact in artifacts),
        changes=plan_changes(
            target.name, pairs, types, may_delete_data=target.settings.data.may_be_deleted
        ),
    )
