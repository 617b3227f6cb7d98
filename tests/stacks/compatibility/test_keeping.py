"""What is watched, and what may be lost."""

import pytest

from stacks.compatibility import keeping
from tests.stacks.compatibility.asking import Case, hold

DESTROY = 'data.removal_policy = "destroy"\n'
TWICE = DESTROY + "data.delete_data = true\n"

CASES = [
    Case(
        keeping.production_has_a_subscriber,
        "production = true",
        "dev.alarms.critical_subscribers = []: nobody is notified of an outage",
        'production = true\nalarms.critical_subscribers = ["ops@company.example"]',
        warns=True,
    ),
    Case(
        keeping.captured_data_is_what_was_sent,
        "capture.percent = 5",
        "dev.capture.percent = 5: SageMaker writes these requests and responses to S3 as they are",
        "capture.days = 5",
        warns=True,
    ),
    Case(
        keeping.drift_has_labels,
        "drift.enabled = true",
        "dev.drift.labels = []: no label's rate is watched",
        'drift.enabled = true\ndrift.labels = ["PER"]',
        warns=True,
    ),
    Case(
        keeping.drift_has_labels,
        'drift.enabled = true\ndrift.task = "vectors"\ndrift.labels = ["PER"]',
        'dev.drift.labels = ["PER"]: without effect, as drift.task = "vectors" has no labels',
        'drift.enabled = true\ndrift.task = "vectors"',
        warns=True,
    ),
    Case(
        keeping.deleting_data_takes_two_keys,
        DESTROY,
        'dev.data.removal_policy = "destroy": data is kept all the same',
        TWICE,
        warns=True,
    ),
    Case(
        keeping.deleting_data_takes_two_keys,
        TWICE + "production = true",
        "deleting the stack deletes production's data",
        "production = true",
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_unwise_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
