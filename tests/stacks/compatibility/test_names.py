"""Names and environment."""

from dataclasses import replace

import pytest

from stacks.compatibility import IncompatibleError, check_environment, names
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


def test_an_environment_within_the_limits_passes() -> None:
    check_environment({f"V{index}": "x" * 300 for index in range(100)})
    check_environment({"V": "x" * 1024})


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"V": "x" * 1025}, "environment: V: 1025 bytes; a name or value has 1,024 at most"),
        ({"V": "é" * 513}, "1026 bytes"),
        ({f"V{index}": "" for index in range(101)}, "101 variables; a container has 100 at most"),
        ({f"V{index}": "x" * 1000 for index in range(40)}, "bytes; a container has 32,768 at most"),
    ],
)
def test_an_environment_beyond_them_is_refused(environment: dict[str, str], says: str) -> None:
    with pytest.raises(IncompatibleError, match=says):
        check_environment(environment)
