"""Stateful sessions, and metrics."""

import re
from datetime import datetime

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.sources import METRICS, SESSIONS

_ID = "X-Amzn-SageMaker-Session-Id"
_NEW = "X-Amzn-SageMaker-New-Session-Id"
_SAMPLE = re.compile(r'[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\])*",?)*\})? [^ ]+( \d+)?')


@case("sessions.life", Need.OPTIONAL, SESSIONS)
def life(bench: Bench) -> str:
    """`NEW_SESSION` opens a session, `<id>; Expires=<UTC time>`; other ids are refused."""
    opened = bench.invoke(headers={_ID: "NEW_SESSION"})
    granted = opened.headers.get(_NEW)
    if granted is None:
        raise Skipped("it opens no session")
    session, _, expires = granted.partition("; Expires=")
    required(session and expires, f"{_NEW}: {granted!r} is not <id>; Expires=<UTC time>")
    try:
        datetime.fromisoformat(expires)
    except ValueError:
        required(False, f"Expires={expires!r} is not a UTC time in ISO 8601")
    bench.invoke(headers={_ID: session}).require_200("with the session's id it answered")
    unknown = bench.invoke(headers={_ID: "no-such-session"})
    required(400 <= unknown.status < 500, f"with an unknown id it answered {unknown}")
    return granted


@case("metrics.text", Need.OPTIONAL, METRICS)
def text(bench: Bench) -> str:
    """`/metrics`, where it is served, is Prometheus text."""
    response = bench.request("GET", "/metrics")
    if 400 <= response.status < 500:
        raise Skipped(f"/metrics answered {response.status}")
    response.require_200()
    lines = [line for line in response.body.decode().splitlines() if line]
    samples = [line for line in lines if not line.startswith("#")]
    wrong = [line for line in samples if not _SAMPLE.fullmatch(line)]
    required(not wrong, f"not a sample: {(wrong or [''])[0][:100]!r}")
    return f"{len(samples)} samples"
