"""HTTP/1.1 where servers differ: connections, bodies, methods, and clients that behave badly."""

import socket
import struct
import time
from contextlib import ExitStack, suppress

from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import Connection, Response, request_bytes, request_head
from contract.sources import HTTP, HTTP_1_1, known

_TO_HEAD = {b"200", b"404", b"405", b"501"}
_CHUNKED = {"Transfer-Encoding": "chunked"}


def _exchange(bench: Bench, connection: Connection, data: bytes) -> Response:
    sent = connection.send(data, timeout=bench.limits.answer)
    return connection.receive("POST", timeout=bench.limits.answer, sent=sent)


def _type(bench: Bench) -> dict[str, str]:
    return {"Content-Type": bench.example.content_type}


@case(
    "http.keep-alive", "A connection serves several requests", source=HTTP_1_1, need=Need.PRACTICE
)
def keep_alive(bench: Bench) -> None:
    """Send three on one connection, a bad one in the middle."""
    good = request_bytes("POST", "/invocations", bench.example.body, _type(bench))
    bad = request_bytes("POST", "/no-such-path", b"{}", {"Content-Type": "application/json"})
    with bench.client.connect() as connection:
        statuses = [_exchange(bench, connection, data).status for data in (good, bad, good)]
    required(statuses[0] == statuses[2] == 200, f"it answered {statuses}")
    required(400 <= statuses[1] < 500, f"it answered {statuses}")


@case(
    "http.chunked",
    "A body in chunks, without a length, is read",
    source=HTTP_1_1,
    need=Need.PRACTICE,
)
def chunked(bench: Bench) -> None:
    """Send the example in three chunks."""
    body = bench.example.body
    parts = [body[:1], body[1 : len(body) // 2 + 1], body[len(body) // 2 + 1 :]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    head = request_head("POST", "/invocations", None, {**_type(bench), **_CHUNKED})
    with bench.client.connect() as connection:
        got = _exchange(bench, connection, head + chunks + b"0\r\n\r\n")
    required(got.status == 200, f"it answered {got}")


@case(
    "http.expect",
    "`Expect: 100-continue` is answered before the body is sent",
    source=HTTP,
    need=Need.PRACTICE,
)
def expect(bench: Bench) -> None:
    """Wait for 100 Continue, and send the body then, or after a second in vain."""
    headers = {**_type(bench), "Expect": "100-continue"}
    body = bench.example.body
    with bench.client.connect() as connection:
        connection.send(request_head("POST", "/invocations", body, headers), timeout=2)
        connection.socket.settimeout(1)
        try:
            interim = connection.socket.recv(12, socket.MSG_PEEK)
        except (TimeoutError, ConnectionError):
            interim = b""
        got = _exchange(bench, connection, body)
    required(got.status == 200, f"with the body, it answered {got}")
    required(interim == b"HTTP/1.1 100", "it did not say 100 Continue within 1 s")


@case(
    "http.methods",
    "Other methods on `/invocations`, and other paths, are answered with 4xx",
    source=HTTP,
    need=Need.PRACTICE,
)
def methods(bench: Bench) -> None:
    """Try some."""
    tried = [("GET", "/invocations"), ("DELETE", "/invocations"), ("PUT", "/ping")]
    tried += [("POST", "/no-such-path"), ("GET", "/../../etc/passwd")]
    statuses = {
        f"{method} {path}": bench.request(method, path, None if method == "GET" else b"").status
        for method, path in tried
    }
    wrong = {tried: status for tried, status in statuses.items() if not 400 <= status < 500}
    required(not wrong, f"it answered {wrong}")


@case("http.head", "The answer to HEAD has no body", source=HTTP, need=Need.PRACTICE)
def head(bench: Bench) -> str:
    """Read all that comes until the connection ends."""
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


@case(
    "http.garbage",
    "What is no HTTP is refused, and the container lives on",
    source=known("parsers that take the process with them"),
    need=Need.PRACTICE,
)
def garbage(bench: Bench) -> None:
    """Send some to three connections, one of them with a length that is none."""
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00" + bytes(range(256)) + b"\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Length: many\r\n\r\n{}",
        b"POST /invocations HTTP/1.1\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    ):
        with bench.client.connect() as connection:
            connection.send(data, timeout=2)
    got = bench.invoke()
    required(got.status == 200, f"the invocation after it: {got}")


@case(
    "http.slow-clients",
    "Clients that send their requests slowly do not keep others waiting",
    source=known("a worker held by each slow client"),
    need=Need.PRACTICE,
)
def slow_clients(bench: Bench) -> str:
    """Leave 64 half-sent requests open, and send a whole one."""
    data = request_bytes("POST", "/invocations", bench.example.body, _type(bench))
    with ExitStack() as open_connections:
        for _ in range(64):
            connection = open_connections.enter_context(bench.client.connect())
            connection.send(data[:-1], timeout=2)
        began = time.monotonic()
        ping = bench.ping()
        got = bench.invoke()
        taken = time.monotonic() - began
    required(ping.status == 200, f"/ping answered {ping}")
    required(got.status == 200, f"it answered {got}")
    return f"{taken * 1000:.0f} ms"


@case(
    "http.leaving-clients",
    "Clients that leave without their answer do no harm",
    source=known("what was asked by clients that have gone is still computed"),
    need=Need.PRACTICE,
)
def leaving_clients(bench: Bench) -> None:
    """Reset 32 connections right after a whole request, and send another."""
    data = request_bytes("POST", "/invocations", bench.example.body, _type(bench))
    for _ in range(32):
        with bench.client.connect() as connection:
            connection.send(data, timeout=2)
            # Closing resets the connection: nothing is waited for.
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    ping = bench.ping()
    got = bench.invoke()
    required(ping.status == 200, f"/ping answered {ping}")
    required(got.status == 200, f"the invocation after them: {got}")
