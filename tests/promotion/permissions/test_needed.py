"""Every permission is needed: without it a step is refused, in a line that names it."""

import re

import pytest

from aws.errors import AwsError
from promotion import PromotionError
from promotion.permissions import Statement
from tests.promotion.permissions.sides import STATEMENTS, Sides
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
