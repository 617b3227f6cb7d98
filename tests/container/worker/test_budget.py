"""A batch holds what is computed in a set time."""

import pytest

from berth_serving.worker.budget import LEAST, MOST
from berth_serving.worker.budget import Budget as Cold


def Budget(seconds: float) -> Cold:  # noqa: N802
    """A budget whose first batches have been."""
    budget = Cold(seconds)
    for _ in range(2):
        budget.learn(1, 1000)
    return budget


def test_the_first_batches_in_which_a_model_may_load_do_not_count() -> None:
    assert Budget(0.05).seconds_per_token == 0
    assert Budget(0.05).tokens == LEAST


def test_it_comes_to_what_is_computed_in_the_time() -> None:
    budget = Budget(0.05)
    assert budget.tokens == LEAST
    for _ in range(200):
        budget.learn(budget.tokens, budget.tokens * 1e-5)
    assert budget.tokens == pytest.approx(5000, rel=0.01)


def test_small_batches_hardly_move_the_cost_of_a_token() -> None:
    budget = Budget(0.05)
    for _ in range(50):
        budget.learn(budget.tokens, budget.tokens * 1e-5)
    before = budget.tokens
    budget.learn(10, 10 * 1e-4)
    assert budget.tokens > 0.8 * before


def test_it_stays_within_bounds() -> None:
    fast, slow = Budget(0.05), Budget(0.05)
    for _ in range(100):
        fast.learn(fast.tokens, fast.tokens * 1e-9)
        slow.learn(slow.tokens, slow.tokens * 1.0)
    assert (fast.tokens, slow.tokens) == (MOST, LEAST)


def test_out_of_memory_halves_it_and_it_grows_back_slowly() -> None:
    budget = Budget(0.05)
    for _ in range(50):
        budget.learn(budget.tokens, budget.tokens * 1e-5)
    budget.out_of_memory(4000)
    assert budget.tokens == 2000
    budget.learn(2000, 0.02)
    assert 2000 < budget.tokens < 2200


def test_the_cost_is_known_for_all_sizes_once_a_full_batch_was_seen() -> None:
    budget = Budget(0.05)
    budget.learn(20, 0.001)
    assert budget.measured == 20
    budget.learn(budget.tokens, 0.01)
    assert budget.measured > 1e9
