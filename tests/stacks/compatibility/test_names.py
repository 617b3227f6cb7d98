"""Names."""

from dataclasses import replace

import pytest

from stacks.compatibility import names
from stacks.compatibility.checked import CheckedStage
from stacks.stage_plan import StageNames
from tests.stacks.compatibility.asking import Case, found, hold, stage_that_asks


@pytest.mark.parametrize("name", ["x" * 256, " ", r"a\u001fb"])
def test_a_rollback_alarm_has_a_name_that_cloudwatch_can_have(name: str) -> None:
    hold(
        Case(
            names.names_are_short_enough,
            f'update.rollback_alarms = ["{name}"]',
            "alarm names have 1 to 255 characters, and no control characters",
            f'update.rollback_alarms = ["{"x" * 255}"]',
        )
    )


def called(project: str) -> CheckedStage:
    stage = stage_that_asks("")
    names = StageNames(project, "dev")
    return replace(stage, plan=replace(stage.plan, names=names))


def test_an_endpoints_name_has_63_characters_at_most() -> None:
    assert found(names.names_are_short_enough, called("x" * 59)) == []
    refused = str(found(names.names_are_short_enough, called("x" * 60))[0])
    assert refused.startswith(f'stages.toml: project = "{"x" * 60}": the endpoint')
    assert refused.endswith("has 64 characters and 63 at most; shorten it")
