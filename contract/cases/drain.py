"""The end: SIGTERM under load, and the 30 s until SIGKILL."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import Connection, NoResponse, Response, TooLate, request_bytes
from contract.container import until
from contract.sources import HOSTING, known

_REQUESTS = 8


@dataclass
class Drain:
    """What followed SIGTERM.

    Attributes:
        seconds: until the container had ended; None where it had to be killed.
        status: its exit status.
        accepted: what came of the requests that were under way.
        half: what came of one whose last byte was sent after SIGTERM.
        fresh: what became of requests sent a while after SIGTERM.
    """

    seconds: float | None = None
    status: int | None = None
    accepted: list[Response | NoResponse] = field(default_factory=list)
    half: Response | NoResponse | None = None
    fresh: list[Response | NoResponse] = field(default_factory=list)


def drain(bench: Bench) -> Drain:
    """Send SIGTERM while requests are being computed, and watch until the end."""
    seen = Drain()
    _ = bench.running
    heavy = bench.heavy
    headers = {"Content-Type": heavy.content_type}
    data = request_bytes("POST", "/invocations", heavy.body, headers)
    light = request_bytes(
        "POST", "/invocations", bench.example.body, {"Content-Type": bench.example.content_type}
    )
    connections = [bench.client.connect() for _ in range(_REQUESTS)]
    half = bench.client.connect()
    with ThreadPoolExecutor(_REQUESTS + 1) as clients:
        half.send(light[:-1], timeout=2)
        answers = [clients.submit(_exchange, bench, connection, data) for connection in connections]
        time.sleep(bench.limits.accept / 2)  # accepted by then, and not computed yet
        under_way = [response for response in answers if not response.done()]
        bench.running.terminate()
        terminated = time.monotonic()
        last = clients.submit(_exchange, bench, half, light[-1:])
        _watch_end(bench, seen, terminated, answers)
        seen.accepted = [response.result() for response in under_way]
        seen.half = last.result()
    for connection in (*connections, half):
        connection.socket.close()
    bench.close()
    return seen


def _exchange(bench: Bench, connection: Connection, data: bytes) -> Response | NoResponse:
    try:
        sent = connection.send(data, timeout=bench.limits.drain)
        return connection.receive("POST", timeout=bench.limits.drain, sent=sent)
    except NoResponse as error:
        return error


def _watch_end(
    bench: Bench, seen: Drain, terminated: float, answers: list["Future[Response | NoResponse]"]
) -> None:
    running, client = bench.running, bench.client
    headers = {"Content-Type": bench.example.content_type}
    for passed in until(bench.limits.drain):
        seen.status = running.ended()
        if seen.status is not None:
            seen.seconds = time.monotonic() - terminated
            return
        # A second is enough to stop listening; until the last answer, it has reason to be there.
        if passed > 1 and not all(response.done() for response in answers):
            try:
                body = bench.example.body
                seen.fresh.append(client.request("POST", "/invocations", body, headers, timeout=2))
            except NoResponse as error:
                seen.fresh.append(error)


@case(
    "drain.clock",
    "After SIGTERM, under load, it ends by itself within 30 s",
    source=HOSTING,
    need=Need.REQUIRED,
)
def clock(bench: Bench) -> str:
    """Judge how long it took."""
    seen = bench.once(drain)
    required(seen.seconds is not None, f"it still ran after {bench.limits.drain:g} s")
    return f"{seen.seconds:.1f} s"


@case(
    "drain.accepted",
    "Requests that were accepted before SIGTERM are answered with 200",
    source=known("LitServe, MLflow: gone within 0.3 s of SIGTERM, with a request in flight"),
    need=Need.PRACTICE,
)
def accepted(bench: Bench) -> str:
    """Judge the requests that were under way."""
    seen = bench.once(drain)
    if not seen.accepted:
        return "none was under way: it answers too fast"
    lost = [str(got) for got in seen.accepted if isinstance(got, NoResponse) or got.status != 200]
    required(not lost, f"{len(lost)} of {len(seen.accepted)}: {(lost or [''])[0]}")
    return f"{len(seen.accepted)} were under way"


@case(
    "drain.half-sent",
    "A request whose last byte comes right after SIGTERM is answered",
    source=known("bodies that are cut off by a new deployment"),
    need=Need.PRACTICE,
)
def half_sent(bench: Bench) -> str:
    """Judge that one; 503 is an answer that a client can act upon."""
    got = bench.once(drain).half
    required(isinstance(got, Response) and got.status in {200, 503}, str(got))
    return str(got).split()[0]


@case(
    "drain.status", "It ends with status 0", source=known("drains that crash"), need=Need.PRACTICE
)
def status(bench: Bench) -> None:
    """Judge the exit status."""
    seen = bench.once(drain)
    required(seen.status is not None, "it had to be killed")
    required(seen.status == 0, f"it ended with status {seen.status}")


@case(
    "drain.refuses",
    "While it drains, new requests are refused (no connection, or 503) and do not hang",
    source=known("requests that are accepted and then lost"),
    need=Need.PRACTICE,
)
def refuses(bench: Bench) -> str:
    """Judge requests that were sent a second after SIGTERM."""
    fresh = bench.once(drain).fresh
    hung = [got for got in fresh if isinstance(got, TooLate)]
    taken = [got for got in fresh if isinstance(got, Response) and got.status != 503]
    required(not hung, f"{len(hung)} of {len(fresh)} hung")
    required(not taken, f"{len(taken)} of {len(fresh)} were answered {taken[0] if taken else ''}")
    return f"{len(fresh)} refused" if fresh else "it had ended before any could be sent"
