"""What an update can do, and what production asks for."""

import pytest

from stacks.compatibility import updates
from tests.stacks.compatibility.asking import Case, hold

TWO = "scaling.min_capacity = 2\n"
PRODUCTION = "production = true\n" + TWO
SERVERLESS = 'mode = "serverless"\n'
COMPONENT = 'mode = "inference-component"\n'
BLUE, GREEN = "variants.blue.weight = 1\n", "variants.green.weight = 1\n"


def strategy(name: str) -> str:
    return f'update.strategy = "{name}"\n'


def alarms(count: int) -> str:
    return f"update.rollback_alarms = {[f'mine-{index}' for index in range(count)]}\n"


def variants(count: int) -> str:
    return "".join(f"variants.v{index}.weight = 1\n" for index in range(count))


CASES = [
    *(
        Case(
            updates.strategy_fits_the_mode,
            mode + strategy(name),
            f'dev.update.strategy = "{name}": mode = ',
            mode + strategy("all-at-once"),
        )
        for mode in (SERVERLESS, COMPONENT)
        for name in ("canary", "linear", "rolling")
    ),
    Case(
        updates.rolling_has_one_variant,
        strategy("rolling") + BLUE + GREEN,
        'dev.update.strategy = "rolling": cannot replace several variants; use "canary"',
        strategy("rolling") + BLUE,
    ),
    *(
        Case(
            updates.there_is_something_to_split,
            strategy(name),
            "with 1 instance there is nothing to split; set scaling.min_capacity = 2",
            strategy(name) + TWO + "update.step_percent = 50",
        )
        for name in ("canary", "linear", "rolling")
    ),
    Case(
        updates.there_is_something_to_split,
        'mode = "async"\nscaling.min_capacity = 0\n' + strategy("canary"),
        "with 0 instances there is nothing to split",
        'mode = "async"\nscaling.min_capacity = 0\n',
    ),
    Case(
        updates.there_is_something_to_split,
        strategy("linear") + "scaling.enabled = false",
        "with 1 instance",
        strategy("linear")
        + "scaling.enabled = false\nscaling.initial_capacity = 2\nupdate.step_percent = 50",
    ),
    Case(
        updates.there_is_something_to_split,
        strategy("linear") + TWO + "update.step_percent = 49",
        "dev.update.step_percent = 49: is less than one of 2 instances; set 50 or more",
        strategy("linear") + TWO + "update.step_percent = 50",
        warns=True,
    ),
    Case(
        updates.rollback_alarms_are_ten_at_most,
        alarms(9),
        "2 alarms of the variants and 9 named ones are more than the 10 that an update watches; "
        "name 8 at most",
        alarms(8),
    ),
    Case(
        updates.rollback_alarms_are_ten_at_most,
        BLUE + GREEN + alarms(7),
        "name 6 at most",
        BLUE + GREEN + alarms(6),
    ),
    Case(
        updates.rollback_alarms_are_ten_at_most,
        variants(6),
        "dev.variants: 12 alarms of the variants",
        variants(5),
    ),
    Case(
        updates.timeout_is_longer_than_the_waits,
        strategy("canary") + "update.wait_seconds = 300\nupdate.timeout_seconds = 900",
        "dev.update.timeout_seconds = 900: the update alone waits 900 s between its steps; "
        "set more than 900",
        strategy("canary") + "update.wait_seconds = 300\nupdate.timeout_seconds = 901",
    ),
    Case(
        updates.timeout_is_longer_than_the_waits,
        strategy("linear") + "update.step_percent = 10\nupdate.wait_seconds = 3600",
        "waits 36300 s between its steps; wait less between the steps",
        strategy("linear") + "update.step_percent = 50\nupdate.wait_seconds = 3000",
    ),
    Case(
        updates.timeout_is_longer_than_the_waits,
        strategy("rolling") + "update.step_percent = 5\nupdate.wait_seconds = 360",
        "waits 7200 s",
        strategy("rolling") + "update.step_percent = 5\nupdate.wait_seconds = 359",
    ),
    Case(
        updates.production_survives_an_instance,
        "production = true",
        "dev.scaling.min_capacity = 1: production = true keeps 2 at least; set 2, or "
        "single_instance_in_production = true",
        PRODUCTION,
    ),
    Case(
        updates.production_survives_an_instance,
        "production = true\nscaling.enabled = false",
        "dev.scaling.initial_capacity: production",
        "production = true\nscaling.enabled = false\nscaling.initial_capacity = 2",
    ),
    Case(
        updates.production_survives_an_instance,
        PRODUCTION
        + 'scaling.schedule = [{ at = "rate(1 day)", min_capacity = 1, max_capacity = 2 }]',
        "keeps 2 at least",
        "production = true\nsingle_instance_in_production = true",
    ),
    Case(
        updates.production_survives_an_instance,
        "production = true",
        "keeps 2 at least",
        "production = true\n" + SERVERLESS,
    ),
    Case(
        updates.production_updates_in_steps,
        PRODUCTION,
        'dev.update.strategy = "all-at-once": production = true tries a share of the traffic '
        'first; use "canary" or "linear"',
        PRODUCTION + strategy("canary"),
    ),
    *(
        Case(
            updates.production_updates_in_steps,
            PRODUCTION + mode,
            "nothing tries an update of this mode on a share, or rolls it back by alarms",
            PRODUCTION + 'mode = "batch"',
            warns=True,
        )
        for mode in (SERVERLESS, COMPONENT)
    ),
    Case(
        updates.production_updates_in_steps,
        "production = true\nsingle_instance_in_production = true\nupdate.bake_seconds = 0",
        "dev.update.bake_seconds = 0: nothing watches the alarms",
        "production = true\nsingle_instance_in_production = true",
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
