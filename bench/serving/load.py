"""The load generator: a process of its own, made to cost little, as it shares the machine.

Requests are made beforehand, a request in flight costs one write and one read, and HTTP is parsed
in C. It reads a plan (JSON) from standard input and writes what it saw to standard output.

Closed loop: each connection asks again as soon as it is answered. Open loop: requests are due at
a fixed rate, whatever becomes of those before, and latency counts from when one was due, so that
a stall is seen in all the requests that it held up.
"""

import asyncio
import json
import resource
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httptools
import uvloop

PING_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send.

    Attributes:
        bodies: a JSON file, a list of request bodies as strings.
        first: the index of the body to begin with.
        rate: requests a second of an open loop; None: a closed one.
        warm: seconds before what is counted.
        grace: how long to wait for what is unanswered at the end.
        most: connections that an open loop may open.
        hopeless: seconds; an open loop this far behind gives up, as its answer is known.
    """

    port: int
    bodies: str
    path: str
    ping: str
    connections: int
    seconds: float
    rate: float | None = None
    warm: float = 0.5
    grace: float = 10
    first: int = 0
    most: int = 512
    hopeless: float = 3


@dataclass(slots=True)
class Seen:
    """What came of a plan.

    Attributes:
        latencies: of answers with status 200, in milliseconds.
        pings: when each was sent, in seconds from the beginning, and its milliseconds; None for
            one that was not answered 200 within 2 seconds.
        cpu: cores that the generator used.
    """

    latencies: list[float]
    statuses: dict[str, int]
    broken: int
    hung: int
    gave_up: bool
    pings: list[tuple[float, float | None]]
    seconds: float
    cpu: float


class _Connection(asyncio.Protocol):
    """One connection with at most one request in flight."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self.due: float | None = None  # of the request in flight

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # 100 Continue and the like
            return
        due, self.due = self.due, None
        reusable = self._parser.should_keep_alive()
        if not reusable:
            self._transport.close()
        if due is not None:
            self._load.answered(self, self._parser.get_status_code(), due, reusable=reusable)

    def connection_lost(self, _: Exception | None) -> None:
        lost, self.due = self.due is not None, None
        self._load.closed(self, lost=lost)

    def abort(self) -> None:
        self.due = None
        self._transport.abort()


class Load:
    """What a plan does, and what came of it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        bodies = json.loads(Path(plan.bodies).read_text(encoding="utf-8"))
        self._requests = [_request(plan.path, body.encode()) for body in bodies]
        self._next = count(plan.first)
        self._open: set[_Connection] = set()
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[float] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._ended = False
        self._from = self._to = 0.0
        self.seen = Seen([], {}, 0, 0, False, [], plan.seconds, 0.0)

    async def run(self) -> None:
        """Carry the plan out."""
        await asyncio.gather(*(self._connect() for _ in range(self._plan.connections)))
        begin = time.monotonic()
        self._from = begin + self._plan.warm
        self._to = self._from + self._plan.seconds
        pinger = asyncio.create_task(self._ping())
        if self._plan.rate is None:
            await self._keep_all_busy()
        else:
            await self._keep_rate(self._plan.rate)
        await self._finish()
        pinger.cancel()

    async def _keep_all_busy(self) -> None:
        while self._idle:
            self._ask(self._idle.popleft(), time.monotonic())
        await asyncio.sleep(self._to - time.monotonic())

    async def _keep_rate(self, rate: float) -> None:
        due = time.monotonic()
        while due < self._to:
            if (ahead := due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            if len(self._waiting) > rate * self._plan.hopeless:
                self.seen.gave_up = True
                return
            if self._idle:
                self._ask(self._idle.popleft(), due)
            else:
                self._waiting.append(due)
                if len(self._open) + len(self._connecting) < self._plan.most:
                    self._reconnect()
            due += 1 / rate

    async def _finish(self) -> None:
        self._ended = True
        grace = 1.0 if self.seen.gave_up else self._plan.grace
        until = time.monotonic() + grace
        while self._busy() and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self.seen.hung = 0 if self.seen.gave_up else self._busy() + len(self._waiting)
        for connection in list(self._open):
            connection.abort()

    def _busy(self) -> int:
        return sum(connection.due is not None for connection in self._open)

    def _ask(self, connection: _Connection, due: float) -> None:
        connection.send(self._requests[next(self._next) % len(self._requests)], due)

    def answered(self, connection: _Connection, status: int, due: float, *, reusable: bool) -> None:
        """Count an answer, and let its connection go on."""
        now = time.monotonic()
        # A closed loop counts what was answered in the time, an open one what was due in it.
        if self._from <= (now if self._plan.rate is None else due) < self._to:
            key = str(status)
            self.seen.statuses[key] = self.seen.statuses.get(key, 0) + 1
            if status == 200:
                self.seen.latencies.append((now - due) * 1000)
        if reusable:
            self._ready(connection)

    def _ready(self, connection: _Connection) -> None:
        if self._waiting:
            self._ask(connection, self._waiting.popleft())
        elif self._ended or self._plan.rate is not None or not self._from:
            self._idle.append(connection)
        else:
            self._ask(connection, time.monotonic())

    def closed(self, connection: _Connection, *, lost: bool) -> None:
        """Count a broken connection, and open another in its place."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if lost and not self._ended:
            self.seen.broken += 1
        if not self._ended:
            self._reconnect()

    def _reconnect(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._ended:
            try:
                _, connection = await loop.create_connection(
                    partial(_Connection, self), "127.0.0.1", self._plan.port
                )
            except OSError:
                self.seen.broken += 1
                await asyncio.sleep(0.1)
            else:
                self._open.add(connection)
                self._ready(connection)
                return

    async def _ping(self) -> None:
        """Ask /ping now and then, on a connection of its own each time, as SageMaker does."""
        request = f"GET {self._plan.ping} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        start = time.monotonic()
        while True:
            begin = time.monotonic()
            good = False
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(2):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._plan.port)
                    writer.write(request.encode())
                    good = (await reader.readline()).split()[1:2] == [b"200"]
                    writer.close()
            taken = (time.monotonic() - begin) * 1000
            self.seen.pings.append((begin - start, taken if good else None))
            await asyncio.sleep(PING_SECONDS)


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Carry out the plan on standard input."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    load = Load(Plan(**json.load(sys.stdin)))
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.monotonic()
    uvloop.run(load.run())
    seconds = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    load.seen.cpu = used / seconds  # cores
    json.dump(asdict(load.seen), sys.stdout)


if __name__ == "__main__":
    main()
