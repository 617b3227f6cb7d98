"""Chunked responses of `/invocations`."""

import time

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.sources import HOSTING


@case("stream.chunks", Need.OPTIONAL, HOSTING)
def chunks(bench: Bench) -> str:
    """The first chunk of a chunked response arrives before the last is made."""
    data = (bench.stream or bench.example).request()
    arrivals: list[float] = []
    with bench.client.connect() as connection:
        began = connection.send(data, timeout=bench.limits.response)
        response = connection.begin("POST", timeout=bench.limits.response)
        if not response.chunked:
            raise Skipped("the response is not chunked (--stream-body gives another request)")
        required(response.status == 200, f"it answered {response.status}")
        while response.read1(65536):
            arrivals.append(time.monotonic() - began)
        ended = time.monotonic() - began
    required(arrivals, "the response is empty")
    required(
        len(arrivals) > 1 and arrivals[-1] - arrivals[0] > ended / 10,
        f"all of it came at once, after {ended:.2f} s",
    )
    return f"first after {arrivals[0] * 1000:.0f} ms, last after {arrivals[-1] * 1000:.0f} ms"
