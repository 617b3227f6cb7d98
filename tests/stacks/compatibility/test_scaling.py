"""What scaling can and cannot do in each mode."""

import pytest

from stacks.compatibility import scaling
from tests.stacks.compatibility.asking import Case, hold

SERVERLESS = 'mode = "serverless"\n'
WARM = SERVERLESS + "serverless.provisioned_concurrency = 2\n"
ASYNC = 'mode = "async"\n'
TARGET = "scaling.invocations_per_instance = 600\n"
BACKLOG = "scaling.backlog_per_instance = 5\n"
STEPS = "scaling.steps = [{ above_percent = 150, add = 1 }, { above_percent = %d, add = 2 }]\n"
NIGHT = 'scaling.schedule = [{ at = "rate(1 day)", min_capacity = %d, max_capacity = 2 }]\n'

CASES = [
    Case(
        scaling.targets_are_published,
        ASYNC + TARGET,
        'dev.scaling.invocations_per_instance = 600.0: mode = "async" has no such metric: it has '
        "no effect; scaling.backlog_per_instance has",
        ASYNC + BACKLOG,
        warns=True,
    ),
    Case(
        scaling.targets_are_published,
        BACKLOG,
        'dev.scaling.backlog_per_instance = 5.0: mode = "real-time" has no such metric',
        TARGET,
        warns=True,
    ),
    Case(
        scaling.targets_are_published,
        "scaling.provisioned_concurrency_percent = 70",
        "scaling.concurrent_requests_per_model or scaling.invocations_per_instance has",
        WARM + "scaling.provisioned_concurrency_percent = 70",
        warns=True,
    ),
    Case(
        scaling.targets_are_published,
        'mode = "batch"\n' + TARGET,
        "it has no effect",
        'mode = "batch"',
        warns=True,
    ),
    Case(
        scaling.something_moves_the_capacity,
        "",
        "dev.scaling.max_capacity = 2: nothing ever scales up to it; "
        "set scaling.invocations_per_instance",
        TARGET,
        warns=True,
    ),
    Case(
        scaling.something_moves_the_capacity,
        ASYNC + TARGET,
        "set scaling.backlog_per_instance",
        NIGHT % 1,
        warns=True,
    ),
    Case(
        scaling.something_moves_the_capacity,
        WARM,
        "set scaling.provisioned_concurrency_percent",
        SERVERLESS,
        warns=True,
    ),
    Case(
        scaling.steps_have_a_target,
        STEPS % 200,
        "dev.scaling.steps: they are percentages of scaling.invocations_per_instance; set that",
        TARGET + STEPS % 200,
    ),
    *(
        Case(
            scaling.steps_have_a_target,
            text + STEPS % 200,
            "set that, or leave them out",
            TARGET + STEPS % 200,
        )
        for text in (
            "scaling.concurrent_requests_per_model = 4\n",
            ASYNC + BACKLOG,
            'mode = "inference-component"\n' + TARGET,
        )
    ),
    Case(
        scaling.steps_have_a_target,
        TARGET + STEPS % 150,
        "two begin at one above_percent",
        TARGET + STEPS % 151,
    ),
    *(
        Case(
            scaling.capacity_reaches_zero_only_where_it_can,
            f'mode = "{mode}"\nscaling.min_capacity = 0',
            f'dev.scaling.min_capacity = 0: mode = "{mode}" cannot go down to 0; set 1',
            f'mode = "{other}"\nscaling.min_capacity = 0',
        )
        for mode, other in (("real-time", "async"), ("multi-model", "inference-component"))
    ),
    Case(
        scaling.capacity_reaches_zero_only_where_it_can,
        NIGHT % 0,
        "dev.scaling.schedule[0].min_capacity = 0",
        NIGHT % 1,
    ),
    Case(
        scaling.capacity_reaches_zero_only_where_it_can,
        WARM + "scaling.min_capacity = 0",
        "set 1, or provisioned_concurrency = 0",
        SERVERLESS + "scaling.min_capacity = 0",
    ),
    Case(
        scaling.provisioned_concurrency_can_scale,
        SERVERLESS + "scaling.provisioned_concurrency_percent = 70",
        "there is none to scale; set serverless.provisioned_concurrency",
        WARM + "scaling.provisioned_concurrency_percent = 70",
    ),
    Case(
        scaling.provisioned_concurrency_can_scale,
        WARM + "scaling.max_capacity = 21",
        "dev.scaling.max_capacity = 21: is provisioned concurrency here, which "
        "serverless.max_concurrency (20) limits",
        WARM + "scaling.max_capacity = 20",
    ),
    Case(
        scaling.schedule_has_scaling,
        "scaling.enabled = false\n" + NIGHT % 1,
        "dev.scaling.schedule: has no effect",
        NIGHT % 1,
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
