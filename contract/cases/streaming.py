"""Answers in chunks, on the same path."""

import time

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import request_bytes
from contract.sources import HOSTING


@case(
    "stream.chunks",
    "A chunked answer's first chunk arrives before its last is made",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def chunks(bench: Bench) -> str:
    """Note when the bytes of a chunked answer arrive."""
    example = bench.stream or bench.example
    data = request_bytes(
        "POST", "/invocations", example.body, {"Content-Type": example.content_type}
    )
    arrivals: list[float] = []
    with bench.client.connect() as connection:
        began = connection.send(data, timeout=bench.limits.answer)
        response = connection.begin("POST", timeout=bench.limits.answer)
        if not response.chunked:
            raise Skipped("its answer is not chunked (another request: --stream-body)")
        required(response.status == 200, f"it answered {response.status}")
        while response.read1(65536):
            arrivals.append(time.monotonic() - began)
        ended = time.monotonic() - began
    required(arrivals, "the answer is empty")
    required(
        len(arrivals) > 1 and arrivals[-1] - arrivals[0] > ended / 10,
        f"all of it came at once, after {ended:.2f} s",
    )
    return f"first after {arrivals[0] * 1000:.0f} ms, last after {arrivals[-1] * 1000:.0f} ms"
