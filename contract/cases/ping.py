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
    """Keep the container busy, and ping it more often than SageMaker, which does every 5 s."""
    limits = bench.limits
    with loaded(
        bench.client, bench.example, clients=limits.clients, timeout=limits.response
    ) as load:
        seen = Busy(load)
        for _ in until(limits.load, every=limits.load / 12):
            began = time.monotonic()
            try:
                seen.pings.append(bench.ping())
            except NoResponse as error:
                seen.pings.append(error)
            time.sleep(max(0.0, began + limits.load / 12 - time.monotonic()))
    return seen


@case("ping.ok", Need.REQUIRED, HOSTING)
def ok(bench: Bench) -> None:
    """`GET /ping` gets 200."""
    bench.ping().require_200()


@case("ping.empty", Need.PRACTICE, HOSTING)
def empty(bench: Bench) -> None:
    """The response to `/ping` has an empty body (that of multi-model-server is not empty)."""
    response = bench.ping()
    required(response.body == b"", f"its body is {response.body[:60]!r}")


@case("ping.in-time", Need.REQUIRED, HOSTING)
def in_time(bench: Bench) -> str:
    """`/ping` responds within 2 s, also under load.

    A ping without a response took too long or was dropped.
    """
    pings = bench.once(busy).pings
    late = [str(ping) for ping in pings if isinstance(ping, NoResponse)]
    required(not late, f"{len(late)} of {len(pings)}: {(late or [''])[0]}")
    slowest = max(ping.seconds for ping in pings if isinstance(ping, Response))
    required(slowest <= bench.limits.ping, f"one took {slowest:.1f} s")
    return f"slowest {slowest * 1000:.0f} ms"


@case("ping.steady", Need.PRACTICE, known("busy instances that are replaced as unhealthy"))
def steady(bench: Bench) -> None:
    """`/ping` stays 200 while the container is merely busy."""
    pings = bench.once(busy).pings
    wrong = [str(ping) for ping in pings if isinstance(ping, NoResponse) or ping.status != 200]
    required(not wrong, f"{len(wrong)} of {len(pings)}: {(wrong or [''])[0]}")
