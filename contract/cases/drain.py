"""The end: SIGTERM under load, and the 30 s until SIGKILL."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import Connection, NoResponse, Response, TooLate
from contract.container import until
from contract.sources import HOSTING, known

_REQUESTS = 8


@dataclass
class Drain:
    """What followed SIGTERM.

    Attributes:
        seconds: until the container had ended; None where it had to be killed.
        status: its exit status.
        accepted: the outcomes of the requests that were under way.
        half: the outcome of a request whose last byte was sent after SIGTERM.
        fresh: the outcomes of requests that were sent over a second after SIGTERM.
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
    data, light = bench.heavy.request(), bench.example.request()
    connections = [bench.client.connect() for _ in range(_REQUESTS)]
    half = bench.client.connect()
    with ThreadPoolExecutor(_REQUESTS + 1) as clients:
        half.send(light[:-1], timeout=2)
        sent = [clients.submit(_exchange, bench, connection, data) for connection in connections]
        time.sleep(bench.limits.accept / 2)  # accepted by then, and not computed yet
        under_way = [outcome for outcome in sent if not outcome.done()]
        bench.running.terminate()
        terminated = time.monotonic()
        last = clients.submit(_exchange, bench, half, light[-1:])
        _watch_end(bench, seen, terminated, sent)
        seen.accepted = [outcome.result() for outcome in under_way]
        seen.half = last.result()
    for connection in (*connections, half):
        connection.socket.close()
    bench.close()
    return seen


def _exchange(bench: Bench, connection: Connection, data: bytes) -> Response | NoResponse:
    try:
        return connection.exchange(data, timeout=bench.limits.drain)
    except NoResponse as error:
        return error


def _watch_end(
    bench: Bench, seen: Drain, terminated: float, sent: list["Future[Response | NoResponse]"]
) -> None:
    for passed in until(bench.limits.drain):
        seen.status = bench.running.ended()
        if seen.status is not None:
            seen.seconds = time.monotonic() - terminated
            return
        # A container stops listening within a second, and runs until its last response is sent.
        if passed > 1 and not all(outcome.done() for outcome in sent):
            try:
                seen.fresh.append(bench.invoke(timeout=2))
            except NoResponse as error:
                seen.fresh.append(error)


@case("drain.clock", Need.REQUIRED, HOSTING)
def clock(bench: Bench) -> str:
    """After SIGTERM under load, it ends by itself within 30 s."""
    seen = bench.once(drain)
    required(seen.seconds is not None, f"it still ran after {bench.limits.drain:g} s")
    return f"{seen.seconds:.1f} s"


@case(
    "drain.accepted",
    Need.PRACTICE,
    known("LitServe, MLflow: gone within 0.3 s of SIGTERM, with a request in flight"),
)
def accepted(bench: Bench) -> str:
    """Requests that were accepted before SIGTERM get status 200."""
    seen = bench.once(drain)
    if not seen.accepted:
        return "none was under way: it responds too fast"
    lost = [str(got) for got in seen.accepted if isinstance(got, NoResponse) or got.status != 200]
    required(not lost, f"{len(lost)} of {len(seen.accepted)}: {(lost or [''])[0]}")
    return f"{len(seen.accepted)} were under way"


@case("drain.half-sent", Need.PRACTICE, known("bodies that are cut off by a new deployment"))
def half_sent(bench: Bench) -> str:
    """A request whose last byte comes right after SIGTERM gets a response.

    503 will do as well: a client can act upon it.
    """
    got = bench.once(drain).half
    required(isinstance(got, Response) and got.status in {200, 503}, str(got))
    return str(got).split()[0]


@case("drain.status", Need.PRACTICE, known("drains that crash"))
def status(bench: Bench) -> None:
    """It ends with status 0."""
    seen = bench.once(drain)
    required(seen.status is not None, "it had to be killed")
    required(seen.status == 0, f"it ended with status {seen.status}")


@case("drain.refuses", Need.PRACTICE, known("requests that are accepted and then lost"))
def refuses(bench: Bench) -> str:
    """While it drains, new requests are refused (no connection, or 503) and do not hang."""
    fresh = bench.once(drain).fresh
    hung = [got for got in fresh if isinstance(got, TooLate)]
    taken = [got for got in fresh if isinstance(got, Response) and got.status != 503]
    required(not hung, f"{len(hung)} of {len(fresh)} hung")
    required(not taken, f"{len(taken)} of {len(fresh)} were answered {taken[0] if taken else ''}")
    return f"{len(fresh)} refused" if fresh else "it had ended before any could be sent"
