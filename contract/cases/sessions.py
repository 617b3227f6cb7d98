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


@case(
    "sessions.life",
    "`NEW_SESSION` gets `<id>; Expires=<UTC time>`; the session is then known, others are not",
    source=SESSIONS,
    need=Need.OPTIONAL,
)
def life(bench: Bench) -> str:
    """Open a session, use it, and use one that never was."""
    opened = bench.invoke(headers={_ID: "NEW_SESSION"})
    granted = opened.headers.get(_NEW)
    if granted is None:
        raise Skipped("it opens none")
    session, _, expires = granted.partition("; Expires=")
    required(session and expires, f"{_NEW}: {granted!r} is not <id>; Expires=<UTC time>")
    try:
        datetime.fromisoformat(expires)
    except ValueError:
        required(False, f"Expires={expires!r} is no UTC time in ISO 8601")
    used = bench.invoke(headers={_ID: session})
    required(used.status == 200, f"with the session's id it answered {used}")
    unknown = bench.invoke(headers={_ID: "no-such-session"})
    required(400 <= unknown.status < 500, f"with an unknown id it answered {unknown}")
    return granted


@case(
    "metrics.text",
    "`/metrics`, where it is served, is Prometheus text",
    source=METRICS,
    need=Need.OPTIONAL,
)
def text(bench: Bench) -> str:
    """Read every line."""
    response = bench.request("GET", "/metrics")
    if 400 <= response.status < 500:
        raise Skipped(f"/metrics answers {response.status}")
    required(response.status == 200, f"it answered {response}")
    lines = [line for line in response.body.decode().splitlines() if line]
    samples = [line for line in lines if not line.startswith("#")]
    wrong = [line for line in samples if not _SAMPLE.fullmatch(line)]
    required(not wrong, f"no sample: {(wrong or [''])[0][:100]!r}")
    return f"{len(samples)} samples"
