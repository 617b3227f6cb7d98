"""The load generator, against servers that misbehave on purpose."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.serving.load import Load, Plan, Seen

pytestmark = pytest.mark.slow

Answer = Callable[[int, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def _server(answer: Answer) -> AsyncIterator[int]:
    """A server that calls `answer` with the number of each request to /invocations."""
    number = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        while head := await _head(reader):
            if head.startswith(b"GET"):
                writer.write(OK)
                continue
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
            number += 1
            await answer(number, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _run(answer: Answer, tmp_path: Path, **changes: float) -> Seen:
    bodies = tmp_path / "bodies.json"
    bodies.write_text(json.dumps(['{"text": "ä"}', "{}"]))

    async def run() -> Seen:
        async with _server(answer) as port:
            plan = {"connections": 2, "seconds": 1, "warm": 0, "grace": 0.2, **changes}
            load = Load(
                Plan(port=port, bodies=str(bodies), path="/invocations", ping="/ping", **plan)  # type: ignore[arg-type]
            )
            await load.run()
            return load.seen

    return asyncio.run(run())


async def _ok(_: int, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


async def _never(_: int, __: asyncio.StreamWriter) -> None:
    pass


def test_each_good_answer_has_a_latency(tmp_path: Path) -> None:
    seen = _run(_ok, tmp_path)
    assert seen.statuses == {"200": len(seen.latencies)}
    assert seen.latencies
    assert (seen.broken, seen.hung) == (0, 0)
    assert all(milliseconds is not None for _, milliseconds in seen.pings)


def test_other_statuses_are_counted_and_have_none(tmp_path: Path) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK if number % 2 else OK.replace(b"200 OK", b"503 No"))

    seen = _run(answer, tmp_path)
    assert seen.statuses.keys() == {"200", "503"}
    assert len(seen.latencies) == seen.statuses["200"]


def test_an_answer_may_come_in_pieces_and_in_chunks(tmp_path: Path) -> None:
    async def answer(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-")
        await asyncio.sleep(0)
        writer.write(b"Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")

    assert _run(answer, tmp_path).latencies


def test_a_connection_that_the_server_closes_after_its_answer_is_no_failure(tmp_path: Path) -> None:
    async def answer(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        writer.close()

    # At a rate: as fast as it can, each connection's port waits for a minute (TIME_WAIT), and a
    # machine runs out of ports.
    seen = _run(answer, tmp_path, rate=50)
    assert seen.latencies
    assert seen.broken == 0


def test_a_connection_that_breaks_is_counted_and_made_anew(tmp_path: Path) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number % 2:
            writer.close()
        else:
            writer.write(OK)

    seen = _run(answer, tmp_path)
    assert seen.broken
    assert seen.latencies


def test_what_is_never_answered_has_hung(tmp_path: Path) -> None:
    assert _run(_never, tmp_path).hung == 2


def test_a_stall_is_seen_in_every_request_that_was_due_meanwhile(tmp_path: Path) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            await asyncio.sleep(0.3)
        writer.write(OK)

    # One connection: while the first request stalls for 300 ms, 40 are due in its first 200.
    seen = _run(answer, tmp_path, rate=200, connections=1, most=1, grace=5)
    assert sum(milliseconds >= 100 for milliseconds in seen.latencies) >= 30


def test_an_open_loop_opens_connections_when_all_are_busy(tmp_path: Path) -> None:
    assert _run(_never, tmp_path, rate=100, connections=1).hung > 20


def test_an_open_loop_gives_up_when_it_is_far_behind(tmp_path: Path) -> None:
    seen = _run(_never, tmp_path, rate=1000, connections=1, most=1, hopeless=0.05)
    assert seen.gave_up
