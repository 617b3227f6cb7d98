"""Requests that cannot be done in time are refused at once; the others are let in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.errors import RequestError
from berth_serving.front.admission import Estimate, admit

CALM: dict[str, Any] = {
    "tokens": 100,
    "waiting": 0,
    "most": 10_000,
    "measured": 1_000,
    "seconds_per_token": 0.001,
    "delay": 0,
    "left": 60,
}


def refused(**changed: Any) -> str:
    with pytest.raises(RequestError) as refusal:
        admit(**CALM | changed)
    assert (refusal.value.status, refusal.value.code) == (503, "busy")
    return refusal.value.headers["Retry-After"]


def test_what_can_be_done_is_let_in() -> None:
    admit(**CALM)


def test_what_waits_too_long_is_refused_until_there_is_room() -> None:
    assert refused(waiting=65_000, most=10**9) == "6"


def test_a_worker_that_starts_counts_as_waiting() -> None:
    refused(delay=70)


def test_a_request_that_alone_takes_too_long_is_refused() -> None:
    refused(tokens=70_000, measured=10**6)


def test_a_request_far_beyond_what_was_measured_is_given_its_chance() -> None:
    admit(**CALM | {"tokens": 70_000})


def test_tokens_that_wait_are_bounded_but_one_request_may_always_come() -> None:
    refused(waiting=9_950)
    admit(**CALM | {"tokens": 20_000, "measured": 1})


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0.1, 2)), min_size=1, max_size=50))
def test_tokens_are_estimated_within_what_was_seen(seen: list[tuple[int, float]]) -> None:
    estimate = Estimate()
    for _ in range(20):
        for size, rate in seen:
            estimate.learn(size, size * rate)
    rates = [rate for _, rate in seen]
    assert 0.9 * min(0.25, *rates) <= estimate.tokens(10**6) / 10**6 <= 1.1 * max(0.25, *rates)
