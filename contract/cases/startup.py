"""From `docker run IMAGE serve` to the first ping that passes."""

from contextlib import suppress

from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import NoResponse
from contract.container import RunningContainer, StartOptions, until
from contract.sources import HOSTING, PIPELINE, known

_PORT_LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"


@case(
    "startup.ready",
    "`serve` starts it, and `/ping` passes within 8 minutes (or `--timeout`)",
    source=HOSTING,
    need=Need.REQUIRED,
)
def ready(bench: Bench) -> str | None:
    """Start it and wait."""
    if bench.launcher is None:
        required(bench.ping().status == 200, "/ping does not answer 200")
        return None
    startup = bench.startup
    required(startup.error is None, str(startup.error))
    return f"{startup.seconds:.1f} s"


@case(
    "startup.port",
    "It listens where `SAGEMAKER_BIND_TO_PORT` says, and its image's label says that it does",
    source=PIPELINE,
    need=Need.OPTIONAL,
)
def port(bench: Bench) -> None:
    """Look where it answered, and at the label."""
    _ = bench.running
    labels = bench.labels
    labelled = labels.get(_PORT_LABEL) == "true"
    if bench.startup.own_port:
        required(labelled or not labels, f"it does, but the image has no label {_PORT_LABEL}=true")
        return
    required(not labelled, f"the image has the label {_PORT_LABEL}=true, yet it listens on 8080")
    raise Skipped("it listens on 8080: not for inference pipelines")


@case(
    "startup.truth",
    "The first 200 of `/ping` is true: an invocation right after it is answered",
    source=known("a static 200 while the model still loads"),
    need=Need.PRACTICE,
)
def truth(bench: Bench) -> str | None:
    """Judge the invocation that followed the first 200 at once."""
    _ = bench.running, bench.example
    startup = bench.startup
    if isinstance(startup.first, Failed):
        raise Failed(f"/ping was 200, the invocation: {startup.first}")
    if startup.first is not None:
        required(startup.first.status == 200, f"/ping was 200, the invocation {startup.first}")
    seen = ", ".join(str(status) for status in sorted(set(startup.early)))
    return f"before that /ping was {seen}" if seen else None


@case(
    "startup.argument",
    "Another argument than `serve` ends it with a status that is not 0, and with a message",
    source=known("`docker run IMAGE train` that starts a server"),
    need=Need.PRACTICE,
)
def argument(bench: Bench) -> str:
    """Start it with an argument that nobody knows."""
    if bench.launcher is None:
        raise Skipped("takes --image or --process")
    running = bench.launcher.start(StartOptions(argument="no-such-argument"))
    try:
        status = _end(bench, running)
        message = running.log().strip().splitlines()
    finally:
        running.close()
    required(status != 0, "it ended with status 0")
    required(message, f"it ended with status {status} and said nothing")
    return f"status {status}: {message[-1][:100]}"


def _end(bench: Bench, running: RunningContainer) -> int:
    for _ in until(bench.limits.argument):
        if (status := running.ended()) is not None:
            return status
        for client in filter(None, (running.client, running.default)):
            with suppress(NoResponse):
                client.connect(timeout=1)
                client.request("GET", "/ping", timeout=bench.limits.ping)
                raise Failed("it serves as if nothing was wrong")
    raise Failed(f"it was still running after {bench.limits.argument:g} s")
