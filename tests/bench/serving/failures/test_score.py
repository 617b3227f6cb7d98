from math import inf

import pytest

from bench.serving.failures.score import (
    Outcome,
    Ping,
    Request,
    ping_wrong_for,
    score,
    served_after,
)

FAULT = 100.0


def _requests(*outcomes: Outcome) -> list[Request]:
    """Requests a tenth of a second apart from the fault on, each over at once."""
    return [
        Request(FAULT + index / 10, FAULT + index / 10 + 0.05, outcome)
        for index, outcome in enumerate(outcomes)
    ]


def _pings(*good: bool) -> list[Ping]:
    """Pings a tenth of a second apart, each just before a request."""
    return [Ping(FAULT + index / 10, each) for index, each in enumerate(good)]


RIGHT, LOST, HUNG, REFUSED = Outcome.RIGHT, Outcome.LOST, Outcome.HUNG, Outcome.REFUSED


def test_what_was_over_before_the_fault_does_not_count() -> None:
    before = Request(FAULT - 2, FAULT - 1, LOST)
    found = score("", FAULT, [before, *_requests(RIGHT, LOST, HUNG, REFUSED)], [])
    assert (found.good, found.lost, found.hung, found.refused) == (4, 1, 1, 1)


def test_what_was_in_flight_at_the_fault_counts() -> None:
    found = score("", FAULT, [Request(FAULT - 2, FAULT + 1, LOST)], [])
    assert (found.good, found.lost) == (1, 1)


def test_a_server_that_never_failed_served_at_once() -> None:
    assert served_after(FAULT, _requests(RIGHT, REFUSED, RIGHT)) == 0


def test_it_serves_again_with_the_first_answer_after_the_last_failure() -> None:
    requests = _requests(RIGHT, LOST, RIGHT, HUNG, RIGHT, RIGHT)
    assert served_after(FAULT, requests) == pytest.approx(0.45)


def test_it_never_serves_again_when_it_ends_with_failures() -> None:
    assert served_after(FAULT, _requests(RIGHT, LOST, LOST)) == inf


def test_a_ping_is_wrong_that_says_well_while_requests_fail() -> None:
    requests = _requests(LOST, LOST, LOST, RIGHT, RIGHT)
    pings = _pings(True, True, False, True, True)
    assert ping_wrong_for(FAULT, requests, pings) == pytest.approx(0.2)


def test_a_ping_is_wrong_that_says_ill_while_requests_are_answered() -> None:
    requests = _requests(LOST, *[RIGHT] * 9)
    pings = _pings(*[False] * 4, *[True] * 6)
    assert ping_wrong_for(FAULT, requests, pings) == pytest.approx(0.4)


def test_a_ping_is_right_in_time_with_the_requests() -> None:
    assert ping_wrong_for(FAULT, _requests(LOST, LOST, RIGHT), _pings(False, False, True)) == 0


def test_pings_are_wrong_for_good_when_the_last_ones_are() -> None:
    assert ping_wrong_for(FAULT, _requests(*[LOST] * 9), _pings(*[True] * 9)) == inf


def test_a_server_that_answers_late_may_say_either() -> None:
    late = [Request(FAULT, FAULT + 5, RIGHT)]
    assert ping_wrong_for(FAULT, late, _pings(False)) == 0
    assert ping_wrong_for(FAULT, late, _pings(True)) == 0


def test_a_server_that_refuses_may_say_either() -> None:
    assert ping_wrong_for(FAULT, _requests(REFUSED, REFUSED), _pings(True, False)) == 0
