"""From `docker run IMAGE serve` to the first ping that passes."""

from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.container import RunningContainer, StartOptions, until
from contract.sources import HOSTING, PIPELINE, known
from contract.starting import ping

_PORT_LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"


@case("startup.ready", Need.REQUIRED, HOSTING)
def ready(bench: Bench) -> str | None:
    """`serve` starts it, and `/ping` passes within 8 minutes (or `--timeout`)."""
    if bench.launcher is None:
        bench.ping().require_200("/ping answered")
        return None
    startup = bench.startup
    required(startup.error is None, str(startup.error))
    return f"{startup.seconds:.1f} s"


@case("startup.port", Need.OPTIONAL, PIPELINE)
def port(bench: Bench) -> None:
    """It listens on the port in `SAGEMAKER_BIND_TO_PORT`, and its image's label says so."""
    _ = bench.running
    labels = bench.labels
    labelled = labels.get(_PORT_LABEL) == "true"
    if bench.startup.own_port:
        required(labelled or not labels, f"it does, but the image has no label {_PORT_LABEL}=true")
        return
    required(not labelled, f"the image has the label {_PORT_LABEL}=true, yet it listens on 8080")
    raise Skipped("it listens on 8080: not for inference pipelines")


@case("startup.truth", Need.PRACTICE, known("a static 200 while the model still loads"))
def truth(bench: Bench) -> str | None:
    """Right after the first 200 of `/ping`, an invocation succeeds."""
    _ = bench.running, bench.example
    startup = bench.startup
    if isinstance(startup.first, Failed):
        raise Failed(f"/ping was 200, the invocation: {startup.first}")
    if startup.first is not None:
        required(startup.first.status == 200, f"/ping was 200, the invocation {startup.first}")
    seen = ", ".join(str(status) for status in sorted(set(startup.early)))
    return f"before that /ping was {seen}" if seen else None


@case("startup.argument", Need.PRACTICE, known("`docker run IMAGE train` that starts a server"))
def argument(bench: Bench) -> str:
    """With another argument than `serve` it ends with a nonzero status and a message."""
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
            if ping(client, bench.limits) is not None:
                raise Failed("it serves as if nothing was wrong")
    raise Failed(f"it was still running after {bench.limits.argument:g} s")
