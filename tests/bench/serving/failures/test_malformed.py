import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.serving.failures import malformed

pytestmark = pytest.mark.slow

GOOD = b'{"text": "Anna lives in Berlin."}'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[bytes]
    status = 400

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(body)
        self.send_response(self.status if body[:1] == b"[" else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _server(status: int) -> Iterator[tuple[int, list[bytes]]]:
    bodies: list[bytes] = []
    handler = type("Handler", (_Handler,), {"bodies": bodies, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield server.server_port, bodies
        finally:
            server.shutdown()


def test_bodies_are_many_different_ones_and_the_same_ones_each_time() -> None:
    with _server(400) as (port, first):
        found = malformed.send_bodies(port, "/invocations", GOOD, number=150)
    with _server(400) as (port, second):
        malformed.send_bodies(port, "/invocations", GOOD, number=150)
    assert found.answers == {"400": 150}
    assert found.bad == {}
    assert len(set(first)) > 75
    assert first == second


def test_an_answer_of_500_is_a_fault_with_the_body_that_brought_it() -> None:
    with _server(500) as (port, _):
        found = malformed.send_bodies(port, "/invocations", GOOD, number=150)
    assert found.bad.keys() == {"500"}
    assert found.bad["500"].startswith(b"[")


def test_a_connection_that_breaks_is_a_fault() -> None:
    with _server(400) as (port, _):
        pass
    assert malformed.send_bodies(port, "/invocations", GOOD, number=1).bad.keys() == {"broken"}
