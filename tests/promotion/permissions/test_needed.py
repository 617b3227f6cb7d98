"""Every permission is needed: without it a step is refused, in a line that names it."""

import re

import pytest

from aws.errors import AwsError
from promotion import PromotionError
from promotion.permissions import Statement, source_statements
from promotion.store import ReleaseStore
from tests.promotion.permissions.sides import ACCOUNTS, REGION, STATEMENTS, Sides
from tests.promotion.permissions.steps import BY_ACTION, STEPS, Step

pytestmark = pytest.mark.slow


def listed(resources: str | list[str]) -> list[str]:
    return [resources] if isinstance(resources, str) else resources


GRANTS = [
    (side, statement["Sid"], action, resource)
    for side, statements in STATEMENTS.items()
    for statement in statements
    for action in statement["Action"]
    for resource in listed(statement["Resource"])
]


@pytest.mark.parametrize(
    "step", list(dict.fromkeys(step for side in STEPS.values() for step in side.values()))
)
def test_the_documented_roles_may_take_every_step(sides: Sides, step: Step) -> None:
    step(sides)


@pytest.mark.parametrize(("side", "sid", "action", "resource"), GRANTS)
def test_without_a_permission_its_step_is_refused_by_one_line_that_names_it(
    sides: Sides, side: str, sid: str, action: str, resource: str
) -> None:
    sides.roles[side].may(without(STATEMENTS[side], sid, action, resource))
    step = BY_ACTION.get(action) or STEPS[side][sid]
    with pytest.raises((AwsError, PromotionError), match=re.escape(action)) as refused:
        step(sides)
    assert "\n" not in str(refused.value)


def test_a_trusted_key_is_asked_by_its_own_name(sides: Sides) -> None:
    """Which may be that of a key that the alias named before."""
    alias, stage = "alias/berth-qa-releases", sides.stage("source")
    key = sides.root("source", "kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    with pytest.raises(AwsError, match="kms:Verify"):
        ReleaseStore(stage).trusted("qa-000001", keys=[key])
    pinning = source_statements("berth", "qa", ACCOUNTS["source"], REGION, [key])
    sides.roles["source"].may(pinning)
    assert ReleaseStore(stage).trusted("qa-000001", keys=[key]).id == "qa-000001"


def without(statements: list[Statement], sid: str, action: str, resource: str) -> list[Statement]:
    """The statements; that of `sid` does not allow the action on the resource."""
    kept = []
    for one in statements:
        if one["Sid"] != sid:
            kept.append(one)
            continue
        others = [each for each in one["Action"] if each != action]
        elsewhere = [each for each in listed(one["Resource"]) if each != resource]
        kept += [{**one, "Action": others}] if others else []
        kept += [{**one, "Action": [action], "Resource": elsewhere}] if elsewhere else []
    return kept
