"""`plan`: what `run` would do. Nothing is touched."""

from dataclasses import dataclass
from pathlib import Path

from promotion import PromotionError
from promotion.cargo import Load
from promotion.deployed import template_of
from promotion.gate import missing_evidence
from promotion.moving.outcome import Planned
from promotion.release import Release
from promotion.stage import Stage, in_one_line
from promotion.store import ReleaseStore
from promotion.unpacked import loads_of, unpacked
from stacks.deployment_plan.assembly import given_back, stage_stacks
from stacks.deployment_plan.compare import Template
from stacks.deployment_plan.data import StackTemplates
from stacks.deployment_plan.report import DeploymentPlan
from stacks.deployment_plan.report import plan as plan_changes
from stacks.deployment_plan.resource_types import NoResourceTypesError, ResourceTypes

_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class PromotionPlan:
    """What would happen.

    Attributes:
        stopped: why the gate does not let the release through; None where it does.
        changes: of the target's stacks.
    """

    release: Release
    stopped: str | None
    loads: tuple[tuple[Load, Planned], ...]
    changes: DeploymentPlan


def plan(source: Stage, target: Stage, release: Release) -> PromotionPlan:
    """Compare what `release` ran with with what the target has.

    Raises PromotionError where the release has not what the target needs, or AWS refuses a call.
    """
    with unpacked(ReleaseStore(source), release, target) as made:
        loads = loads_of(made, release, source, target)
        stacks = stage_stacks(made.folder, target.name)
    try:
        types = ResourceTypes.read(_PROJECT)
    except NoResourceTypesError as error:
        raise PromotionError(str(error)) from None
    pairs = [
        StackTemplates(each.name, _deployed(target, each.name), each.template) for each in stacks
    ]
    return PromotionPlan(
        release=release,
        stopped=missing_evidence(release),
        loads=tuple((load, load.plan()) for load in loads),
        changes=plan_changes(
            target.name, pairs, types, may_delete_data=target.settings.data.may_be_deleted
        ),
    )


def _deployed(stage: Stage, stack: str) -> Template | None:
    with in_one_line():
        found = template_of(stage, stack)
    template: Template | None = given_back(found)
    return template
