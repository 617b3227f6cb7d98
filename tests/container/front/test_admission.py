"""Requests that cannot be done in time are refused at once; the others are let in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.errors import RequestError
from berth_serving.front.admission import LARGE, Backlog, Estimate, admit
from berth_serving.front.call import Call

CALM: dict[str, Any] = {
    "tokens": 100,
    "before": 0,
    "most": 10_000,
    "measured": 1_000,
    "seconds_per_token": 0.001,
    "delay": 0,
    "left": 60,
    "idle": False,
}


NO_REPLY: Any = None


def refused(**changed: Any) -> str:
    with pytest.raises(RequestError) as refusal:
        admit(**CALM | changed)
    assert (refusal.value.status, refusal.value.code) == (503, "busy")
    return refusal.value.headers["Retry-After"]


def test_what_can_be_done_is_let_in() -> None:
    admit(**CALM)


def test_what_waits_too_long_is_refused_until_there_is_room() -> None:
    assert refused(before=65_000, most=10**9) == "6"


def test_a_worker_that_starts_counts_as_waiting() -> None:
    refused(delay=70)


def test_a_request_that_alone_takes_too_long_is_refused() -> None:
    refused(tokens=70_000, measured=10**6)


def test_a_request_far_beyond_what_was_measured_is_given_its_chance() -> None:
    admit(**CALM | {"tokens": 70_000})


def test_an_idle_worker_takes_whatever_comes_as_that_shows_what_it_costs() -> None:
    admit(**CALM | {"seconds_per_token": 100, "idle": True})


def test_tokens_that_wait_are_bounded_but_one_request_may_always_come() -> None:
    refused(before=9_950)
    admit(**CALM | {"tokens": 20_000, "measured": 1})


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0.1, 2)), min_size=1, max_size=50))
def test_tokens_are_estimated_within_what_was_seen(seen: list[tuple[int, float]]) -> None:
    estimate = Estimate()
    for _ in range(20):
        for size, rate in seen:
            estimate.learn(size, size * rate)
    rates = [rate for _, rate in seen]
    assert 0.9 * min(0.25, *rates) <= estimate.tokens(10**6) / 10**6 <= 1.1 * max(0.25, *rates)


def test_a_large_body_without_tokens_counts_as_one_request_not_by_its_bytes() -> None:
    estimate = Estimate()
    for _ in range(100):
        estimate.learn(400, 100)
    estimate.learn(20_000_000, 1)
    assert estimate.tokens(100_000) == pytest.approx(25_000, rel=0.05)


def call(tokens: float, size: int = 1) -> Call:
    return Call(1, bytes(size), {}, tokens, 0.0, NO_REPLY)


def test_of_a_large_request_only_as_much_is_before_a_small_one_as_the_queue_computes_first() -> (
    None
):
    backlog = Backlog()
    backlog.add(call(300_000))
    backlog.add(call(100))
    assert backlog.before(50) == 512 + 100
    assert backlog.before(2_000) == 2_000 + 100
    assert backlog.before(400_000) == backlog.tokens == 300_100


def test_a_large_body_counts_once_its_tokens_are_known() -> None:
    backlog, large = Backlog(), call(5_000_000, LARGE + 1)
    backlog.add(large)
    assert backlog.tokens == 1
    backlog.remove(large)
    large.tokens, large.opened = 70_000, True
    backlog.add(large)
    assert backlog.tokens == 70_000


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9))))
def test_a_backlog_is_empty_again_whatever_was_in_it(changes: list[tuple[int, int]]) -> None:
    backlog = Backlog()
    calls = [call(tokens) for tokens, _ in changes]
    for each in calls:
        backlog.add(each)
    for each, (_, opened) in zip(calls, changes, strict=True):
        backlog.remove(each)
        each.tokens, each.opened = opened, True
        backlog.add(each)
    assert backlog.before(10**12) == pytest.approx(sum(opened for _, opened in changes))
    for each in calls:
        backlog.remove(each)
    assert (backlog.calls, backlog.tokens, backlog.before(1)) == (0, 0, 0)
