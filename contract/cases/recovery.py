"""What happens when a process of the container is killed under load."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import NoResponse
from contract.container import memory_of, processes, until
from contract.load import Load, loaded
from contract.sources import known
from contract.starting import ping


@dataclass
class Killing:
    """What followed the death of a worker.

    Attributes:
        name: the process that was killed.
        load: the requests of the clients meanwhile.
        truth: after how many seconds /ping stayed right; None if it was not right in time.
        wrong: the last disagreement of /ping and the invocation after it.
        back: after how many seconds invocations succeeded again.
        ended: the exit status, if the whole container ended.
    """

    name: str
    load: Load
    truth: float | None = None
    wrong: str = ""
    back: float | None = None
    ended: int | None = None


def killing(bench: Bench) -> Killing:
    """Kill the worker that is busiest under load, and watch."""
    client, limits = bench.client, bench.limits
    _ = bench.pid, bench.example
    with loaded(client, bench.example, clients=4, timeout=limits.hang) as load:
        victim = _hardest_worker(bench)
        seen = Killing(_name(victim), load)
        victim.kill()
        killed = time.monotonic()
        _watch_truth(bench, seen, killed)
    _watch_return(bench, seen, killed)
    return seen


def _hardest_worker(bench: Bench) -> psutil.Process:
    """Find the busiest child; the only one that listens on the port is the server itself."""
    root, *children = processes(bench.pid)
    listening = [child for child in (root, *children) if _listens(child, bench.client.port)]
    if len(listening) == 1:
        children = [child for child in children if child != listening[0]]
    if not children:
        raise Skipped("it has no worker process to be killed")
    before = {child: _busy_seconds(child) for child in children}
    time.sleep(0.7)
    return max(children, key=lambda child: (_busy_seconds(child) - before[child], memory_of(child)))


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[-60:] or str(process.name())
    return "a process that is gone"


def _listens(process: psutil.Process, port: int) -> bool:
    with suppress(psutil.Error):
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for connection in process.net_connections("tcp")
        )
    return False


def _busy_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def _watch_truth(bench: Bench, seen: Killing, killed: float) -> None:
    """Observe since when /ping agrees with what invocations get, until the limit."""
    since: float | None = None
    for _ in until(bench.limits.recovery, every=0.1):
        began = time.monotonic() - killed
        seen.ended = bench.running.ended()
        if seen.ended is not None:
            seen.truth = began
            return
        said, found = _ping_passes(bench), _invocation_is_answered(bench)
        if said == found:
            since = began if since is None else since
        else:
            since = None
            seen.wrong = (
                f"/ping was {'200' if said else 'not 200'}, "
                f"the invocation was {'answered' if found else 'not answered'}"
            )
    seen.truth = since


def _ping_passes(bench: Bench) -> bool:
    return ping(bench.client, bench.limits) == 200


def _invocation_is_answered(bench: Bench) -> bool:
    try:
        status = bench.invoke(timeout=bench.limits.recovery).status
    except NoResponse:
        return False
    return status in {200, 429}  # a healthy container may refuse requests because of overload


def _watch_return(bench: Bench, seen: Killing, killed: float) -> None:
    for _ in until(bench.limits.back, every=0.1):
        seen.ended = bench.running.ended()
        if seen.ended is not None:
            return
        if _invocation_is_answered(bench) and _ping_passes(bench):
            seen.back = time.monotonic() - killed
            return


@case(
    "recovery.truth",
    Need.PRACTICE,
    known("multi-model-server, TorchServe: /ping is 200 while every worker is dead"),
)
def truth(bench: Bench) -> str:
    """5 s after a worker was killed under load, `/ping` agrees with what invocations get."""
    seen = bench.once(killing)
    required(seen.truth is not None, f"{seen.wrong} (killed: {seen.name})")
    return f"right after {seen.truth:.1f} s (killed: {seen.name})"


@case(
    "recovery.no-hang", Need.PRACTICE, known("requests that hang over 20 s after a worker's death")
)
def no_hang(bench: Bench) -> str:
    """No request hangs for 20 s because a worker died."""
    seen = bench.once(killing)
    limit = bench.limits.hang
    hung = [request for request in seen.load.requests if request.done - request.sent >= limit]
    required(not hung, f"{len(hung)} requests had no response within {limit:g} s")
    statuses = seen.load.statuses()
    lost = {status: count for status, count in statuses.items() if status != "200"}
    return f"of {len(seen.load.requests)} requests not 200: {lost or 'none'}"


@case("recovery.back", Need.PRACTICE, known("containers that stay up and never serve again"))
def back(bench: Bench) -> str:
    """It serves again, or ends with a nonzero status so that it is restarted."""
    seen = bench.once(killing)
    if seen.ended is not None:
        required(seen.ended != 0, "it ended with status 0")
        return f"it ended with status {seen.ended}"
    if seen.back is None:
        raise Failed(f"it was not back within {bench.limits.back:g} s")
    return f"back after {seen.back:.1f} s"
