"""HTTP/1.1 where servers differ: connections, bodies, methods, and clients that behave badly."""

import socket
import struct
import time
from contextlib import ExitStack, suppress

from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import request_bytes, request_head
from contract.sources import HTTP, HTTP_1_1, known

_TO_HEAD = {b"200", b"404", b"405", b"501"}
_CHUNKED = {"Transfer-Encoding": "chunked"}


def _type(bench: Bench) -> dict[str, str]:
    return {"Content-Type": bench.example.content_type}


@case("http.keep-alive", Need.PRACTICE, HTTP_1_1)
def keep_alive(bench: Bench) -> None:
    """A connection serves several requests."""
    good = bench.example.request()
    bad = request_bytes("POST", "/no-such-path", b"{}", {"Content-Type": "application/json"})
    with bench.client.connect() as connection:
        limit = bench.limits.response
        got = [connection.exchange(data, timeout=limit) for data in (good, bad, good)]
    statuses = [response.status for response in got]
    required(statuses[0] == statuses[2] == 200, f"it answered {statuses}")
    required(400 <= statuses[1] < 500, f"it answered {statuses}")


@case("http.chunked", Need.PRACTICE, HTTP_1_1)
def chunked(bench: Bench) -> None:
    """A chunked body without a Content-Length is read."""
    body = bench.example.body
    parts = [body[:1], body[1 : len(body) // 2 + 1], body[len(body) // 2 + 1 :]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    head = request_head("POST", "/invocations", None, {**_type(bench), **_CHUNKED})
    with bench.client.connect() as connection:
        data = head + chunks + b"0\r\n\r\n"
        connection.exchange(data, timeout=bench.limits.response).require_200()


@case("http.expect", Need.PRACTICE, HTTP)
def expect(bench: Bench) -> None:
    """`Expect: 100-continue` is answered before the body is sent."""
    headers = {**_type(bench), "Expect": "100-continue"}
    body = bench.example.body
    with bench.client.connect() as connection:
        connection.send(request_head("POST", "/invocations", body, headers), timeout=2)
        connection.socket.settimeout(1)
        try:
            interim = connection.socket.recv(12, socket.MSG_PEEK)
        except (TimeoutError, ConnectionError):
            interim = b""
        got = connection.exchange(body, timeout=bench.limits.response)
    got.require_200("with the body, it answered")
    required(interim == b"HTTP/1.1 100", "it did not say 100 Continue within 1 s")


@case("http.methods", Need.PRACTICE, HTTP)
def methods(bench: Bench) -> None:
    """Other methods on `/invocations`, and other paths, get a 4xx response."""
    tried = [("GET", "/invocations"), ("DELETE", "/invocations"), ("PUT", "/ping")]
    tried += [("POST", "/no-such-path"), ("GET", "/../../etc/passwd")]
    statuses = {
        f"{method} {path}": bench.request(method, path, None if method == "GET" else b"").status
        for method, path in tried
    }
    wrong = {tried: status for tried, status in statuses.items() if not 400 <= status < 500}
    required(not wrong, f"it answered {wrong}")


@case("http.head", Need.PRACTICE, HTTP)
def head(bench: Bench) -> str:
    """The response to HEAD has no body."""
    received = b""
    with bench.client.connect() as connection:
        data = request_bytes("HEAD", "/ping", None, {"Connection": "close"})
        connection.send(data, timeout=2)
        with suppress(TimeoutError, ConnectionError):
            while part := connection.socket.recv(65536):
                received += part
    response, _, body = received.partition(b"\r\n\r\n")
    status = response.split(b" ")[1:2]
    required(status and status[0] in _TO_HEAD, f"it answered {response[:80]!r}")
    required(not body, f"a body follows: {body[:80]!r}")
    return status[0].decode()


@case("http.garbage", Need.PRACTICE, known("a parser's error that ends the process"))
def garbage(bench: Bench) -> None:
    """Bytes that are not HTTP are refused, and the container keeps working."""
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00" + bytes(range(256)) + b"\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Length: many\r\n\r\n{}",
        b"POST /invocations HTTP/1.1\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    ):
        with bench.client.connect() as connection:
            connection.send(data, timeout=2)
    bench.invoke().require_200("the invocation after it:")


@case("http.slow-clients", Need.PRACTICE, known("a worker held by each slow client"))
def slow_clients(bench: Bench) -> str:
    """Clients that send their requests slowly do not keep others waiting."""
    data = bench.example.request()
    with ExitStack() as open_connections:
        for _ in range(64):
            connection = open_connections.enter_context(bench.client.connect())
            connection.send(data[:-1], timeout=2)
        began = time.monotonic()
        bench.ping().require_200("/ping answered")
        bench.invoke().require_200()
        taken = time.monotonic() - began
    return f"{taken * 1000:.0f} ms"


@case(
    "http.leaving-clients",
    Need.PRACTICE,
    known("requests of disconnected clients are still computed"),
)
def leaving_clients(bench: Bench) -> None:
    """Clients that disconnect before their response do no harm."""
    data = bench.example.request()
    for _ in range(32):
        with bench.client.connect() as connection:
            connection.send(data, timeout=2)
            # Closing then resets the connection at once.
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    bench.ping().require_200("/ping answered")
    bench.invoke().require_200("the invocation after them:")
