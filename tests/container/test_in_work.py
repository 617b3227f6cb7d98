"""What is in work can be read by another process that has the same memory."""

import os

from hypothesis import given
from hypothesis import strategies as st

from berth_serving.in_work import InWork, Step

IDS = st.lists(st.integers(-1, 2**60), unique=True, max_size=100)


@given(st.dictionaries(st.sampled_from(Step), IDS))
def test_the_front_reads_what_the_worker_has_noted(noted: dict[Step, list[int]]) -> None:
    front = InWork()
    worker = InWork(os.dup(front.descriptor))
    for step, ids in noted.items():
        worker.begin(step, ids)
    assert front.ids == {each for ids in noted.values() for each in ids}
    for step in noted:
        worker.end(step)
    assert (front.ids, front.since) == (set(), 0)
    for work in (front, worker):
        os.close(work.descriptor)


def test_a_batch_of_too_many_is_said_to_be_so() -> None:
    work = InWork()
    work.begin(Step.COMPUTE, range(10_000))
    assert work.ids is None
    os.close(work.descriptor)


def test_each_step_but_the_opening_of_large_bodies_can_hang() -> None:
    for step in Step:
        work = InWork()
        work.begin(step, [1])
        assert bool(work.since) == (step is not Step.OPEN_LARGE)
        os.close(work.descriptor)
