"""The failures: each does one thing to a server that is at work, and is scored."""

import contextlib
import json
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from .. import processes
from ..drive import Driver, generate
from ..figures import percentile
from ..load import Plan
from . import malformed
from .client import BrokenError, Client, HungError
from .score import Score, score
from .watch import Scene, Watch

_SETTLE_SECONDS = 2.0  # of good answers after a fault


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done: seconds that a disturbance lasts, and malformed bodies."""

    seconds: float
    bodies: int


QUICK = Extent(seconds=5, bodies=10_000)
FULL = Extent(seconds=15, bodies=10_000)

Scenario = Callable[[Scene, Extent], Score]


def poison(scene: Scene, extent: Extent) -> Score:
    """Requests that fail in the model or before it, among good ones that may share a batch."""
    # The first is sound JSON whose text no tokenizer takes: it fails where batches are made.
    good = scene.running.server.body("@")
    texts = [b'"\\ud800"', b'"\\udfff and more"', b"null", b"7", b"{}", b'["a", 7]', b"[[]]"]
    bodies = [good.replace(b'"@"', text) for text in texts]
    bodies.append(scene.running.server.body("word " * 2000))
    answers: dict[str, int] = {}

    def send(number: int) -> None:
        client = scene.client()
        while not stopped.is_set():
            number += 1
            status = _status(client, scene, bodies[number % len(bodies)])
            answers[status] = answers.get(status, 0) + 1
        client.close()

    stopped = threading.Event()
    with Watch(scene, clients=16) as watch:
        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        watch.begin_fault()
        for thread in threads:
            thread.start()
        time.sleep(extent.seconds)
        stopped.set()
        for thread in threads:
            thread.join()
        _settle(watch)
    return watch.score("poison among good", f"poison: {_counts(answers)}")


def killed(scene: Scene, _: Extent) -> Score:
    """Kill -9 of a worker at work."""
    with Watch(scene, clients=8) as watch:
        _settle(watch)
        victim = processes.largest_worker(scene.running.process.pid)
        watch.begin_fault()
        victim.kill()
        _settle(watch)
        watch.until(lambda: _back(scene, watch), most=60)
    return watch.score("kill -9 of a worker", _end(scene))


def exhausted(scene: Scene, _: Extent) -> Score:
    """A request for which the workers have not the memory."""
    root = scene.running.process.pid
    client = scene.client()
    with Watch(scene, clients=8) as watch:
        _settle(watch)
        watch.begin_fault()
        for process in processes.workers(root):
            _limit_memory(process)
        status = _status(client, scene, scene.running.server.body("Words and words. " * 1_200_000))
        _settle(watch)
        watch.until(lambda: _back(scene, watch), most=60)
    client.close()
    return watch.score("memory exhausted", f"the request: {status}{_end(scene, ', ')}")


def leavers(scene: Scene, extent: Extent) -> Score:
    """Clients that send a long text and hang up, many at once."""
    body = scene.running.server.body(" ".join(scene.texts)[:2000])
    request = _head(scene, len(body)) + body
    left = 0
    with Watch(scene, clients=4) as watch:
        _settle(watch)
        watch.begin_fault()
        end = time.monotonic() + extent.seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError), _connect(scene) as connection:
                connection.sendall(request)
            left += 1
            time.sleep(0.01)
        _settle(watch)
    return watch.score(
        "clients that leave", f"{left} left; slowest good answer {watch.slowest():.1f} s"
    )


def terminated(scene: Scene, _: Extent) -> Score:
    """SIGTERM under load: what was accepted has to be answered."""
    process = scene.running.process
    with Watch(scene, clients=32) as watch:
        _settle(watch)
        watch.stop()
        # A request counts as accepted when the server has had 50 ms to read it.
        time.sleep(0.05)
        accepted = dict(watch.unfinished)
        watch.begin_fault()
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        seconds = time.monotonic() - watch.fault
    status = process.poll()
    ended = f"exit status {status} after {seconds:.1f} s" if status is not None else "still runs"
    # What follows the end of a server is no fault of its /ping, and it is not to serve again.
    counted = score("SIGTERM under load", watch.fault, watch.requests, [], "")
    note = f"{len(accepted)} in flight; {ended}"
    return replace(counted, ping_seconds=0.0, serving_seconds=0.0, note=note)


def overload(scene: Scene, extent: Extent) -> Score:
    """Ten times the requests that it can answer."""
    root = scene.running.process.pid
    with TemporaryDirectory() as scratch:
        driver = Driver(scene.running, scene.texts, Path(scratch))
        capacity = driver.closed(32, 3).rate
        before = processes.resident_bytes(root)
        plan = Plan(
            port=scene.running.port,
            bodies=str(driver.bodies),
            path=scene.running.server.path,
            ping=scene.running.server.ping,
            connections=64,
            seconds=extent.seconds,
            rate=10 * capacity,
            warm=0,
            grace=62,
            most=8000,
            hopeless=1e9,
        )
        with _Sampler(root) as sampler:
            seen = generate(plan)
    ordered = sorted(seen.latencies)
    refused = sum(seen.statuses.get(status, 0) for status in ("429", "503"))
    late = sum(taken is None for _, taken in seen.pings)
    other = sum(seen.statuses.values()) - refused - seen.statuses.get("200", 0)
    note = (
        f"{capacity:.0f}/s at its best, {10 * capacity:.0f}/s sent; {len(ordered)} answered, "
        f"p99 {percentile(ordered, 99) / 1000:.1f} s; "
        f"{(sampler.most - before) / 2**20:+.0f} MiB; {late} of {len(seen.pings)} "
        f"pings failed{_end(scene, ', ')}"
    )
    with Watch(scene, clients=4) as watch:
        _settle(watch)
    after = watch.score("ten times overload", note)
    return replace(
        after,
        good=sum(seen.statuses.values()) + seen.broken + seen.hung,
        lost=other + seen.broken + after.lost,
        refused=refused + after.refused,
        hung=seen.hung + after.hung,
        # It works all along, if not for everybody: a ping that fails is wrong.
        ping_seconds=max([0.0, *(at for at, taken in seen.pings if taken is None)]),
    )


def loris(scene: Scene, extent: Extent) -> Score:
    """Clients that send their requests a byte at a time."""
    head = _head(scene, 1000)
    with Watch(scene, clients=4) as watch, contextlib.ExitStack() as stack:
        _settle(watch)
        watch.begin_fault()
        # Half of them are slow within the head, half when that is through.
        within = head.removesuffix(b"\r\n") + b"X-Slow: "
        slow = [(stack.enter_context(_connect(scene)), within) for _ in range(150)]
        slow += [(stack.enter_context(_connect(scene)), head) for _ in range(150)]
        for connection, start in slow:
            connection.sendall(start)
        alive = [connection for connection, _ in slow]
        end = time.monotonic() + 3 * extent.seconds
        while time.monotonic() < end:
            time.sleep(1)
            alive = [connection for connection in alive if _trickle(connection)]
        _settle(watch)
    cut = len(slow) - len(alive)
    note = f"{cut} of {len(slow)} slow clients cut off in {3 * extent.seconds:.0f} s"
    return watch.score("slow loris", f"{note}; slowest good answer {watch.slowest():.1f} s")


def malformed_bodies(scene: Scene, extent: Extent) -> Score:
    """Thousands of malformed bodies, and requests that are no HTTP."""
    good = scene.running.server.body("Anna lives in Berlin.")
    server = scene.running.server
    with Watch(scene, clients=2) as watch:
        watch.begin_fault()
        found = malformed.send(scene.running.port, server.path, good, number=extent.bodies)
        _settle(watch)
    counts = _counts(dict(found.answers))
    first = "".join(f"; first {what}: {request[:60]!r}" for what, request in found.bad.items())
    hung = found.answers["hung"]
    counted = watch.score("malformed bodies", counts + first)
    return replace(counted, hung=counted.hung + hung)


SCENARIOS: dict[str, Scenario] = {
    "poison": poison,
    "killed": killed,
    "exhausted": exhausted,
    "leavers": leavers,
    "terminated": terminated,
    "overload": overload,
    "loris": loris,
    "malformed": malformed_bodies,
}


class _Sampler:
    """The most memory that a tree of processes takes meanwhile."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.most = 0

    def __enter__(self) -> "_Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.5):
            with contextlib.suppress(psutil.Error):
                self.most = max(self.most, processes.resident_bytes(self._root))


def _settle(watch: Watch) -> None:
    """Let good requests be asked for a while, and at least a few be answered."""
    begin = time.monotonic()
    watch.until(lambda: time.monotonic() - begin > _SETTLE_SECONDS, most=60)
    watch.until(lambda: watch.rights_since(begin) >= 8, most=20)


def _back(scene: Scene, watch: Watch) -> bool:
    """Whether it has served for a while, and pings say so; or has ended, and will not."""
    since = time.monotonic() - _SETTLE_SECONDS
    recent = [request for request in list(watch.requests) if request.end > since]
    well = len(recent) >= 8 and all(request.outcome.value == "right" for request in recent)
    pings = [ping.good for ping in list(watch.pings) if ping.begin > since]
    return (well and all(pings)) or scene.running.process.poll() is not None


def _status(client: Client, scene: Scene, body: bytes) -> str:
    try:
        headers = {"Content-Type": "application/json"}
        return str(client.ask("POST", scene.running.server.path, body, headers)[0])
    except HungError:
        return "hung"
    except BrokenError:
        return "broken"


def _limit_memory(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        limit = int(process.memory_info().vms) + 64 * 2**20
        process.rlimit(resource.RLIMIT_AS, (limit, limit))


def _connect(scene: Scene) -> socket.socket:
    return socket.create_connection(("127.0.0.1", scene.running.port), timeout=5)


def _head(scene: Scene, length: int) -> bytes:
    lines = [
        f"POST {scene.running.server.path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _trickle(connection: socket.socket) -> bool:
    """Send a byte more; whether the other side still listens."""
    try:
        connection.sendall(b"x")
        connection.settimeout(0)
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(5)


def _counts(answers: dict[str, int]) -> str:
    return json.dumps(dict(sorted(answers.items()))).strip("{}").replace('"', "") or "none"


def _end(scene: Scene, before: str = "") -> str:
    status = scene.running.process.poll()
    return f"{before}ended with status {status}" if status is not None else ""
