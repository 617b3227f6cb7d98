"""What waits for the model goes in fair order, in batches of a budget."""

from hypothesis import given
from hypothesis import strategies as st

from berth_serving.servable import Job, Request
from berth_serving.worker.queue import FairQueue, Task


def add(queue: FairQueue, number: int, costs: list[int], *, whole: bool = False) -> Task:
    task = Task(number, Request(b""), job=Job(costs, costs))
    queue.add(task, costs, whole=whole)
    return task


def taken(queue: FairQueue, budget: int) -> list[tuple[int, int]]:
    return [(task.id, index) for task, index in queue.take(budget)]


def test_what_waits_is_taken_together_as_far_as_it_fits() -> None:
    queue = FairQueue()
    for number in range(5):
        add(queue, number, [10])
    assert taken(queue, 35) == [(0, 0), (1, 0), (2, 0)]
    assert taken(queue, 35) == [(3, 0), (4, 0)]


def test_one_item_is_taken_whatever_it_costs() -> None:
    queue = FairQueue()
    add(queue, 0, [1000])
    assert taken(queue, 10) == [(0, 0)]


def test_a_batch_is_sorted_by_cost() -> None:
    queue = FairQueue()
    for number, cost in enumerate((30, 10, 20)):
        add(queue, number, [cost])
    assert taken(queue, 100) == [(1, 0), (2, 0), (0, 0)]


def test_a_small_request_passes_a_large_one_that_came_before() -> None:
    queue = FairQueue()
    add(queue, 0, [10] * 1000)
    assert len(taken(queue, 600)) == 60
    add(queue, 1, [10])
    assert (1, 0) in taken(queue, 530)  # of 9,400 tokens that wait


def test_texts_go_in_the_order_in_which_they_came_however_long() -> None:
    queue = FairQueue()
    for number in range(20):
        add(queue, number, [500 if number % 3 else 10])
        if number % 4 == 0:
            taken(queue, 1)
    assert [taken(queue, 1) for _ in range(15)] == [[(number, 0)] for number in range(5, 20)]


def test_a_large_request_goes_on_however_many_small_ones_come() -> None:
    queue = FairQueue()
    add(queue, 0, [10] * 200)
    assert len(taken(queue, 520)) == 52
    large = 0
    for number in range(1, 301):
        add(queue, number, [10])
        large += sum(task == 0 for task, _ in taken(queue, 10))
    assert large > 5


def test_a_task_that_shares_no_batch_is_taken_alone_and_whole() -> None:
    queue = FairQueue()
    add(queue, 0, [10])
    add(queue, 1, [5, 5], whole=True)
    add(queue, 2, [10])
    assert [taken(queue, 100) for _ in range(3)] == [[(0, 0)], [(1, 0), (1, 1)], [(2, 0)]]


def test_what_nobody_waits_for_any_more_is_left_out() -> None:
    queue = FairQueue()
    tasks = [add(queue, number, [10]) for number in range(3)]
    tasks[1].over = True
    assert taken(queue, 100) == [(0, 0), (2, 0)]


def test_once_closed_and_empty_it_gives_nothing() -> None:
    queue = FairQueue()
    add(queue, 0, [10])
    queue.close()
    assert taken(queue, 100) == [(0, 0)]
    assert taken(queue, 100) == []


@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.booleans()),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 120),
)
def test_every_item_is_taken_once_and_no_batch_is_over_the_budget(
    tasks: list[tuple[list[int], bool]], budget: int
) -> None:
    queue = FairQueue()
    for number, (costs, whole) in enumerate(tasks):
        add(queue, number, costs, whole=whole)
    queue.close()
    found: list[tuple[int, int]] = []
    while batch := taken(queue, budget):
        cost = sum(tasks[number][0][index] for number, index in batch)
        alone = {number for number, _ in batch if tasks[number][1]}
        assert cost <= budget or len(batch) == 1 or alone == {batch[0][0]}
        found += batch
    wanted = [
        (number, index) for number, (costs, _) in enumerate(tasks) for index in range(len(costs))
    ]
    assert sorted(found) == sorted(wanted)


def test_what_waits_can_be_taken_without_waiting_for_more() -> None:
    queue = FairQueue()
    assert queue.empty
    assert queue.take(10, wait=False) == []
    task = add(queue, 1, [5])
    queue.close()
    assert not queue.over
    assert queue.take(10, wait=False) == [(task, 0)]
    assert queue.empty
    assert queue.over
