"""Latency at a stated rate, against a server on this machine."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.verifying.latency import figures, histogram, measure, percentile
from tests.promotion.releases import untimed

milliseconds = st.lists(st.floats(0.001, 1e7), min_size=1, max_size=50)


class Server(ThreadingHTTPServer):
    """Answers each request when `wait` lets it, with `status` of its number."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.arrivals: list[float] = []
        self.lock = Lock()
        self.open = Event()
        self.open.set()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.arrivals.append(time.monotonic())
        self.server.open.wait()
        self.send_response(500 if self.path.endswith("3") else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def send_to(server: Server, number: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", f"/{number}")
    answered = connection.getresponse().status == 200
    connection.close()
    return answered


def test_requests_that_are_not_answered_with_200_are_no_answers(server: Server) -> None:
    ended: list[tuple[int, int]] = []
    requests, answered = measure(
        lambda number: send_to(server, number),
        requests_per_second=100,
        seconds=0.2,
        stopped=Event(),
        on_end=lambda *told: ended.append(told),
    )
    assert (requests, len(answered)) == (20, 18)  # without 3 and 13
    assert len(server.arrivals) == 20
    assert ended[-1] == (20, 20)


def test_requests_leave_though_none_is_answered_and_are_counted_from_when_they_were_due(
    server: Server,
) -> None:
    """A stall of the server is in all latencies that it touches, not in one."""
    server.open.clear()
    begin = time.monotonic()

    def open_when_all_are_there() -> None:
        while len(server.arrivals) < 20:
            time.sleep(0.005)
        server.open.set()

    opener = Thread(target=open_when_all_are_there)
    opener.start()
    _, answered = measure(
        lambda _: send_to(server, 0),
        requests_per_second=100,
        seconds=0.2,
        stopped=Event(),
        on_end=lambda *_: None,
    )
    opener.join()
    # The request of number n was due n/100 s after a beginning that no arrival is before, and no
    # answer came before the last had arrived. Latencies are rounded to a thousandth.
    for number, one in enumerate(answered):
        assert number / 100 + (one + 0.001) / 1000 >= max(server.arrivals) - min(server.arrivals)
    assert max(answered) <= 1000 * (time.monotonic() - begin)


def test_where_all_callers_wait_the_requests_that_come_late_for_that_are_slow() -> None:
    """64 callers and 128 requests due at once: the second half begins when the first ends."""
    door, inside = Event(), []

    def send(number: int) -> bool:
        inside.append(number)
        if len(inside) == 64:
            time.sleep(0.05)
            door.set()
        return door.wait()

    _, answered = measure(
        send, requests_per_second=1e6, seconds=128e-6, stopped=Event(), on_end=lambda *_: None
    )
    assert len(answered) == 128
    assert min(answered) >= 50


def test_stopped_nothing_more_leaves() -> None:
    stopped, sent = Event(), []

    def send(number: int) -> bool:
        sent.append(number)
        stopped.set()
        return True

    measure(send, requests_per_second=1, seconds=3600, stopped=stopped, on_end=lambda *_: None)
    assert sent == [0]


def test_an_interrupt_ends_it_at_once() -> None:
    def interrupted(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(
            lambda _: True,
            requests_per_second=0.01,
            seconds=3600,
            stopped=Event(),
            on_end=interrupted,
        )


@given(milliseconds)
@untimed
def test_the_histogram_has_every_answer_once_in_its_bar(answered: list[float]) -> None:
    bars = histogram(answered)
    edges = [bar.below_ms for bar in bars]
    assert edges == sorted(set(edges))
    for at, bar in enumerate(bars):
        least = edges[at - 1] if at else 0
        assert bar.answers == sum(least <= one < bar.below_ms for one in answered)
    assert sum(bar.answers for bar in bars) == len(answered)
    assert bars[0].answers
    assert bars[-1].answers


@given(milliseconds, st.sampled_from([50, 95, 99]))
@untimed
def test_so_many_percent_are_not_above_a_percentile(answered: list[float], percent: int) -> None:
    ordered = sorted(answered)
    found = percentile(ordered, percent)
    assert found in ordered
    assert sum(one <= found for one in ordered) >= len(ordered) * percent / 100
    assert sum(one < found for one in ordered) < len(ordered) * percent / 100


def test_where_nothing_was_answered_there_are_no_figures() -> None:
    assert figures(3, [], requests_per_second=1, seconds=3) is None


def test_what_was_not_answered_is_an_error() -> None:
    found = figures(10, [3.0, 1.0, 2.0], requests_per_second=1, seconds=10)
    assert found
    assert (found.requests, found.errors) == (10, 7)
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (2, 3, 3)
