"""What goes over a connection, byte by byte."""

import asyncio
import gc
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth_serving.http import connection, flow, server
from berth_serving.http.connection import Connection
from berth_serving.http.server import Server
from tests.container.http.conftest import LIMIT, TIMEOUT, Paths, Running, rest, until
from tests.container.process import poll

pytestmark = pytest.mark.slow

CLOSE = b"connection: close\r\n\r\n"


def get(path: str, *more: str, version: str = "1.1") -> bytes:
    lines = [f"GET {path} HTTP/{version}", "host: here", *more, "", ""]
    return "\r\n".join(lines).encode()


def post(path: str, body: bytes, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: here", f"content-length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(path: str, chunks: bytes, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: here", "transfer-encoding: chunked", *more, "", ""]
    return "\r\n".join(lines).encode() + chunks


LAST = get("/ignore", "connection: close")


def test_a_connection_has_one_request_after_another(running: Running) -> None:
    with running.connect() as client:
        for _ in range(2):
            client.sendall(post("/echo?a=b", b"hello", "x-seen: 1", "X-Seen: 2"))
            head = until(client, b"\r\n\r\n").decode()
            assert head.startswith("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: ")
            assert "content-length: 19\r\n" in head
            assert "connection" not in head
            assert until(client, b"hello") == b"POST a=b 1, 2 hello"


def test_a_target_may_be_a_whole_url(running: Running) -> None:
    answer = running.talk(get("http://here:80/echo?a=b") + LAST)
    assert b"GET a=b None " in answer


@pytest.mark.parametrize(("target", "status"), [("*", b"404"), ("http://:no", b"400")])
def test_a_target_that_is_neither_is_refused(running: Running, target: str, status: bytes) -> None:
    answer = running.talk(get(target, "connection: close"))
    assert answer.startswith(b"HTTP/1.1 %b " % status)


def test_pipelined_requests_are_answered_in_their_order(running: Running) -> None:
    with running.connect() as client:
        client.sendall(get("/wait") + post("/echo", b"second") + LAST)
        assert running.paths.entered.wait(TIMEOUT)
        running.paths.gate.set()
        answers = rest(client)
    first, second, third = (answers.index(each) for each in (b"waited", b"second", b"ignored"))
    assert first < second < third


def test_chunks_are_put_together(running: Running) -> None:
    answer = running.talk(chunked("/echo", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n") + LAST)
    assert b"None hello" in answer


@pytest.mark.parametrize("length", [None, 5 * LIMIT])
def test_a_body_over_the_limit_is_refused_and_the_connection_lives(
    running: Running, length: int | None
) -> None:
    body = b"x" * (5 * LIMIT)
    coded = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    asked = post("/echo", body) if length else chunked("/echo", coded)
    answer = running.talk(asked + LAST)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"ignored")


def test_a_body_that_breaks_its_coding_is_400(running: Running) -> None:
    answer = running.talk(chunked("/echo", b"3\r\nhel\r\nno number\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert CLOSE in answer


def test_a_body_of_which_nothing_comes_is_408(running: Running) -> None:
    with running.connect() as client:
        client.sendall(post("/echo", b"hello")[:-2])
        assert until(client, b"for 0.2 s").startswith(b"HTTP/1.1 408 ")


def test_a_body_that_has_not_come_in_time_is_408(running: Running) -> None:
    with running.connect() as client:
        client.sendall(post("/soon", b"hello")[:-1])
        assert until(client, b"deadline").startswith(b"HTTP/1.1 408 ")


def test_what_follows_a_body_changes_no_header(running: Running) -> None:
    ask = chunked("/echo", b"5\r\nhello\r\n0\r\nx-seen: late\r\n\r\n", "x-seen: early")
    assert b"POST  early hello" in running.talk(ask + LAST)


def test_what_follows_a_body_has_an_end(running: Running) -> None:
    with running.connect() as client:
        client.sendall(chunked("/echo", b"5\r\nhello\r\n0\r\n"))
        with suppress(ConnectionError):
            client.sendall(b"x-more: y\r\n" * 20_000)
        assert rest(client).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_nobody_wants_is_passed_over(running: Running) -> None:
    answer = running.talk(post("/ignore", b"x" * 10 * LIMIT) + LAST)
    assert answer.count(b"ignored") == 2


def test_a_client_is_told_to_go_on_when_its_body_is_wanted(running: Running) -> None:
    head = post("/echo", b"hello", "expect: 100-continue", "connection: close")[:-5]
    with running.connect() as client:
        client.sendall(head)
        assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        assert rest(client).endswith(b"hello")


def test_a_client_is_not_told_to_go_on_with_what_is_refused(running: Running) -> None:
    head = post("/echo", b"", "expect: 100-continue").replace(b"length: 0", b"length: 99999")
    with running.connect() as client:
        client.sendall(head)
        assert until(client, b"\r\n").startswith(b"HTTP/1.1 413 ")


def test_head_has_the_answers_head_alone(running: Running) -> None:
    asked = get("/ignore", "connection: close").replace(b"GET", b"HEAD")
    answer = running.talk(asked)
    assert b"content-length: 7\r\n" in answer
    assert answer.endswith(CLOSE)


def test_a_client_of_the_old_version_is_answered_and_hung_up_on(running: Running) -> None:
    answer = running.talk(get("/ignore", version="1.0"))
    assert answer.endswith(CLOSE + b"ignored")


def test_a_stream_is_sent_in_chunks_without_empty_ones(running: Running) -> None:
    answer = running.talk(get("/stream", "connection: close"))
    assert answer.endswith(b"transfer-encoding: chunked\r\n" + CLOSE + STREAMED)


STREAMED = b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_a_stream_to_a_client_of_the_old_version_ends_with_the_connection(
    running: Running,
) -> None:
    answer = running.talk(get("/stream", version="1.0"))
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nonetwo")


def test_a_stream_that_fails_has_no_end(running: Running) -> None:
    assert running.talk(get("/stream?fail")).endswith(b"3\r\none\r\n")


def test_a_stream_waits_for_a_client_that_does_not_read(running: Running) -> None:
    with running.connect() as client:
        client.sendall(get("/endless"))
        assert running.paths.entered.wait(TIMEOUT)
        seen = -1
        while seen != running.paths.chunks:  # until it stands still
            seen = running.paths.chunks
            running.paths.left.wait(0.2)
        until(client, b"\r\n\r\n")
        for _ in range(100):
            client.recv(2**20)
        poll(lambda: running.paths.chunks > seen)
    assert running.paths.left.wait(TIMEOUT), "it ends when the client has gone"


@pytest.mark.parametrize("path", ["/endless", "/long"])
def test_a_client_that_reads_nothing_is_given_up(
    running: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(flow, "UNREAD_SECONDS", 0.05)
    monkeypatch.setattr(server, "TICK_SECONDS", 0.01)
    with running.connect() as client:
        client.sendall(get(path))
        until(client, b"\r\n\r\n")
        poll(lambda: not running.server.connections)
        assert len(rest(client)) < 2**25


def test_who_works_for_a_client_is_told_that_it_left(running: Running) -> None:
    with running.connect() as client:
        client.sendall(get("/wait"))
        assert running.paths.entered.wait(TIMEOUT)
    assert running.paths.left.wait(TIMEOUT)


def test_a_client_that_leaves_within_its_body_is_no_error(running: Running) -> None:
    with running.connect() as client:
        client.sendall(post("/echo", b"hello", "expect: 100-continue")[:-2])
        until(client, b"\r\n\r\n")
    assert running.paths.left.wait(TIMEOUT)


def test_a_client_that_sends_nothing_more_is_answered(running: Running) -> None:
    with running.connect() as client:
        client.sendall(get("/wait"))
        assert running.paths.entered.wait(TIMEOUT)
        client.shutdown(socket.SHUT_WR)
        assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        running.paths.gate.set()
        assert rest(client).endswith(b"waited")


def test_all_that_a_client_has_asked_before_its_end_is_answered(running: Running) -> None:
    with running.connect() as client:
        client.sendall(get("/wait") + get("/ignore"))
        assert running.paths.entered.wait(TIMEOUT)
        client.shutdown(socket.SHUT_WR)
        running.paths.gate.set()
        answers = rest(client)
    assert answers.index(b"waited") < answers.index(b"ignored")


def test_half_a_body_and_an_end_is_no_request(running: Running) -> None:
    with running.connect() as client:
        client.sendall(post("/echo", b"hello")[:-2])
        client.shutdown(socket.SHUT_WR)
        assert rest(client) == b""


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /ignore HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /ignore HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"400"),
        (b"GET /ignore HTTP/2.0\r\nhost: a\r\n\r\n", b"505"),
        (b"GET /ignore HTTP/0.9\r\nhost: a\r\n\r\n", b"505"),
        (b"GET /ignore HTTP/1.2\r\nhost: a\r\n\r\n", b"400"),
        (b"CONNECT here:80 HTTP/1.1\r\nhost: a\r\n\r\n", b"501"),
    ],
)
def test_a_head_that_no_server_takes_is_refused(
    running: Running, head: bytes, status: bytes
) -> None:
    answer = running.talk(head + LAST)
    assert answer.startswith(b"HTTP/1.1 %b " % status)
    assert answer.count(b"content-length: ") == 1


def test_http_1_0_needs_no_host(running: Running) -> None:
    assert running.talk(b"GET /ignore HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("coded", "status"),
    [
        ("content-encoding: gzip", b"415"),
        ("content-encoding: br, identity", b"415"),
        ("content-encoding: Identity", b"200"),
    ],
)
def test_a_coded_body_is_refused(running: Running, coded: str, status: bytes) -> None:
    assert b"HTTP/1.1 %b " % status in running.talk(post("/echo", b"hello", coded) + LAST)


def test_a_transfer_coding_but_chunks_is_refused(running: Running) -> None:
    head = b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n"
    assert b"HTTP/1.1 501 " in running.talk(head + b"2\r\nab\r\n0\r\n\r\n" + LAST)


@pytest.mark.parametrize("size", [60_000, 70_000])
@pytest.mark.parametrize("part", [1_000_000, 9_999])
def test_the_limit_of_a_head_is_the_same_however_it_comes(
    running: Running, size: int, part: int
) -> None:
    head = get("/ignore", "connection: close", f"x: {'y' * size}")
    with running.connect() as client:
        with suppress(ConnectionError):
            for at in range(0, len(head), part):
                client.sendall(head[at : at + part])
        status = b"200" if size < 65_536 else b"431"
        assert rest(client).startswith(b"HTTP/1.1 %b " % status)


def test_what_is_no_http_is_400(running: Running) -> None:
    assert running.talk(b"\x16\x03\x01\x02").startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: -5",
        "transfer-encoding: chunked, identity",
        "x-name : with a space",
    ],
)
def test_a_head_that_two_would_read_differently_is_400(running: Running, head: str) -> None:
    """What a proxy before the server took for a body must not become a request here."""
    smuggled = f"POST /echo HTTP/1.1\r\nhost: here\r\n{head}\r\n\r\n0\r\n\r\n".encode()
    answer = running.talk(smuggled + LAST)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"ignored" not in answer


def test_what_is_no_http_behind_a_request_does_not_keep_it_from_its_answer(
    running: Running,
) -> None:
    with running.connect() as client:
        client.sendall(get("/wait") + b"\x16\x03\x01\x02")
        assert running.paths.entered.wait(TIMEOUT)
        running.paths.gate.set()
        assert rest(client).endswith(CLOSE + b"waited")


def test_a_head_without_end_is_431(running: Running) -> None:
    with running.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nx-long: ")
        with pytest.raises(ConnectionError):
            client.sendall(b"x" * 2**26)
    assert running.talk(LAST).endswith(b"ignored")


def test_a_head_that_is_slow_to_come_ends_the_connection(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(server, "TICK_SECONDS", 0.01)
    assert running.talk(b"GET / HTTP") == b""


def test_a_header_that_would_be_two_is_the_servers_fault(running: Running) -> None:
    answer = running.talk(get("/bent", "connection: close"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"x-injected" not in answer


def test_an_answer_that_cannot_be_made_ends_the_connection(running: Running) -> None:
    assert running.talk(get("/broken")) == b""


def test_an_upgrade_that_is_not_offered_is_passed_over(running: Running) -> None:
    """As Java's client offers h2c: the body is the request's, and the connection goes on."""
    offer = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABk")
    answer = running.talk(post("/echo", b"hello", *offer) + get("/ignore", *offer) + LAST)
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert b"POST  None hello" in answer
    again = post("/echo", b"hello", "connection: upgrade, close", "upgrade: h2c")
    assert running.talk(again).endswith(CLOSE + b"POST  None hello")


def test_the_end_waits_for_what_was_asked(running: Running) -> None:
    with running.connect() as busy, running.connect() as idle:
        busy.sendall(get("/wait"))
        assert running.paths.entered.wait(TIMEOUT)
        running.drain()
        poll(lambda: running.server.draining)
        idle.sendall(get("/ignore"))  # on its way when the end began
        assert rest(idle).endswith(CLOSE + b"ignored")
        running.paths.gate.set()
        assert rest(busy).endswith(CLOSE + b"waited")
    poll(lambda: running.abandoned is not None)
    assert running.abandoned == 0


def test_what_comes_when_nothing_is_accepted_any_more_is_answered(running: Running) -> None:
    """A client that was connected could not know."""

    def refuses() -> bool:
        try:
            running.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    with running.connect() as client:
        client.sendall(get("/ignore"))
        until(client, b"ignored")
        running.drain()
        poll(refuses)
        client.sendall(get("/ignore"))
        assert rest(client).endswith(CLOSE + b"ignored")


def test_what_takes_longer_than_the_end_may_is_counted() -> None:
    with Running().running() as running, running.connect() as client:
        client.sendall(get("/wait"))
        assert running.paths.entered.wait(TIMEOUT)
        running.drain()
        assert rest(client) == b""
        poll(lambda: running.abandoned is not None)
        assert running.abandoned == 1


class Sink(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed.set()

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def answered(written: bytes) -> Iterator[bytes]:
    """The bodies of answers."""
    while written:
        head, _, written = written.partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].split()[0])
        yield written[:length]
        written = written[length:]


@given(
    bodies=st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 40), max_size=60),
    coded=st.booleans(),
)
@settings(deadline=None)
def test_how_the_bytes_are_cut_makes_no_difference(
    bodies: list[bytes], cuts: list[int], *, coded: bool
) -> None:
    def request(body: bytes) -> bytes:
        if not coded:
            return post("/echo", body)
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunked("/echo", chunk + b"0\r\n\r\n")

    async def answers() -> bytes:
        sink = Sink()
        served = Connection(Server(Paths(), max_body_bytes=LIMIT))
        served.connection_made(sink)
        sent = b"".join(map(request, bodies)) + LAST
        for cut in cuts:
            if sent:
                served.data_received(sent[:cut])
                await asyncio.sleep(0)
            sent = sent[cut:]
        if sent:
            served.data_received(sent)
        await asyncio.wait_for(sink.closed.wait(), TIMEOUT)
        return bytes(sink.written)

    expected = [*(b"POST  None " + body for body in bodies), b"ignored"]
    assert list(answered(asyncio.run(answers()))) == expected


def connections() -> int:
    return sum(isinstance(each, Connection) for each in gc.get_objects())


def test_what_is_over_takes_no_memory_until_garbage_is_collected(running: Running) -> None:
    gc.collect()
    before = connections()
    gc.disable()
    try:
        for _ in range(10):
            running.talk(LAST)
            running.talk(get("/socket", "connection: upgrade", "upgrade: websocket"))
        poll(lambda: connections() == before)
    finally:
        gc.enable()


def test_a_connection_of_no_words_is_no_error(running: Running) -> None:
    with running.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert rest(client) == b""
