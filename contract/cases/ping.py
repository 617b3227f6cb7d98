"""GET /ping, idle and under load."""

import time
from dataclasses import dataclass, field

from contract.assertions import required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import NoResponse, Response
from contract.container import until
from contract.load import Load, loaded
from contract.sources import HOSTING, known


@dataclass
class Busy:
    """What pings and invocations saw while clients kept the container busy."""

    load: Load
    pings: list[Response | NoResponse] = field(default_factory=list)


def busy(bench: Bench) -> Busy:
    """Keep it busy for a while, and ping meanwhile, more often than SageMaker's every 5 s."""
    limits = bench.limits
    client = bench.client
    with loaded(client, bench.example, clients=limits.clients, timeout=limits.answer) as load:
        seen = Busy(load)
        for _ in until(limits.load, every=limits.load / 12):
            began = time.monotonic()
            try:
                seen.pings.append(client.request("GET", "/ping", timeout=limits.ping))
            except NoResponse as error:
                seen.pings.append(error)
            time.sleep(max(0.0, began + limits.load / 12 - time.monotonic()))
    return seen


@case("ping.ok", "`GET /ping` answers 200", source=HOSTING, need=Need.REQUIRED)
def ok(bench: Bench) -> None:
    """Ping once."""
    response = bench.ping()
    required(response.status == 200, f"it answered {response}")


@case(
    "ping.empty",
    "The answer to `/ping` has an empty body (AWS's own multi-model-server sends one)",
    source=HOSTING,
    need=Need.PRACTICE,
)
def empty(bench: Bench) -> None:
    """Look at the body."""
    response = bench.ping()
    required(response.body == b"", f"its body is {response.body[:60]!r}")


@case(
    "ping.in-time",
    "`/ping` answers within 2 s, also under load",
    source=HOSTING,
    need=Need.REQUIRED,
)
def in_time(bench: Bench) -> str:
    """Judge the pings under load; one without an answer took too long or was dropped."""
    pings = bench.once(busy).pings
    late = [str(ping) for ping in pings if isinstance(ping, NoResponse)]
    required(not late, f"{len(late)} of {len(pings)}: {(late or [''])[0]}")
    slowest = max(ping.seconds for ping in pings if isinstance(ping, Response))
    required(slowest <= bench.limits.ping, f"one took {slowest:.1f} s")
    return f"slowest {slowest * 1000:.0f} ms"


@case(
    "ping.steady",
    "`/ping` stays 200 while the container is merely busy",
    source=known("instances that are replaced because they had much to do"),
    need=Need.PRACTICE,
)
def steady(bench: Bench) -> None:
    """Judge the statuses of the pings under load."""
    pings = bench.once(busy).pings
    wrong = [str(ping) for ping in pings if isinstance(ping, NoResponse) or ping.status != 200]
    required(not wrong, f"{len(wrong)} of {len(pings)}: {(wrong or [''])[0]}")
