"""A worker is healthy by its answers; its example is asked for only where there are none."""

import asyncio

import pytest

from berth_serving.front.health import Health


class Clock:
    """The time of the loop, which passes where a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    return clock


def answer_canary(health: Health, clock: Clock, seconds: float, *, succeeded: bool = True) -> None:
    health.ask(canary=True)
    clock.now += seconds
    health.take_canary(succeeded=succeeded, waits=False)


def canaries(health: Health, clock: Clock, seconds: float, each: float) -> int:
    """How often the example is asked for within so long, if it takes `each`."""
    number, end = 0, clock.now + seconds
    while clock.now < end:
        if health.canary_is_due:
            answer_canary(health, clock, each)
            number += 1
        clock.now += 0.25
    return number


def test_a_real_answer_is_proof_and_no_example_is_asked_for_beside(clock: Clock) -> None:
    health = Health()
    answer_canary(health, clock, 0.01)
    for _ in range(100):
        health.ask()
        health.prove(waits=False)
        clock.now += 1
        assert not health.canary_is_due


def test_an_idle_worker_is_asked_from_time_to_time(clock: Clock) -> None:
    health = Health()
    answer_canary(health, clock, 0.01)
    assert canaries(health, clock, 100, each=0.01) == pytest.approx(19, abs=2)


def test_the_example_takes_a_twentieth_of_the_time_at_most(clock: Clock) -> None:
    health = Health()
    answer_canary(health, clock, 2.0)
    assert 2.0 * canaries(health, clock, 1000, each=2.0) <= 1000 / 20


def test_an_answer_that_fails_has_the_example_asked_for_soon_and_is_no_illness(
    clock: Clock,
) -> None:
    health = Health()
    answer_canary(health, clock, 0.01)
    health.ask()
    health.settle(waits=False, doubted=True)
    clock.now += 1.1
    assert health.canary_is_due
    clock.now += 100
    assert not health.waits(5)


def test_a_model_that_fails_on_its_example_is_ill_until_it_answers(clock: Clock) -> None:
    health = Health()
    for _ in range(5):
        answer_canary(health, clock, 0.01, succeeded=False)
        clock.now += 1.1
        assert health.canary_is_due
        health.settle(waits=False)  # a body that is refused says nothing
    assert health.waits(4)
    health.prove(waits=False)
    assert not health.waits(4)


def test_what_waits_for_an_answer_too_long_shows_that_it_does_not_work(clock: Clock) -> None:
    health = Health()
    health.ask()
    clock.now += 3
    health.prove(waits=True)
    clock.now += 3
    assert not health.waits(4)
    clock.now += 2
    assert health.waits(4)


def test_an_idle_worker_is_healthy_however_long(clock: Clock) -> None:
    health = Health()
    answer_canary(health, clock, 2.0)
    clock.now += 30
    assert not health.waits(4)
