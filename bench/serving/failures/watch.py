"""Good requests and pings that go on while something is done to the server."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Self

from ..servers import Running, Span
from .client import BrokenError, Client, HungError
from .score import Outcome, Ping, Request, Score, score

_PING_SECONDS = 0.1
_PAUSE_SECONDS = 0.02  # of a client whose request failed at once


class Scene:
    """A server that works, and what it finds in good texts."""

    def __init__(self, running: Running, texts: Sequence[str]) -> None:
        self.running = running
        self.texts = texts
        running.wait(texts[0])
        self.expected: list[list[Span]] = [running.predict(text) for text in texts]
        self.bodies = [running.server.body(text) for text in texts]

    def client(self, *, timeout: float = 60) -> Client:
        """A connection of its own."""
        return Client(self.running.port, timeout=timeout)

    def judge(self, index: int, status: int, answer: bytes) -> Outcome:
        """What an answer to the text of that index is."""
        if status in {429, 503}:
            return Outcome.REFUSED
        if status != 200:
            return Outcome.LOST
        try:
            found = self.running.server.read(answer)
        except (KeyError, TypeError, ValueError, IndexError):
            return Outcome.LOST
        same = _places(found) == _places(self.expected[index])
        return Outcome.RIGHT if same else Outcome.LOST


class Watch:
    """Clients that ask good requests one after the other, and one that pings.

    Args:
        clients: how many ask at once.
    """

    def __init__(self, scene: Scene, *, clients: int) -> None:
        self._scene = scene
        self._stopped = threading.Event()
        self._numbers = count()
        self._locked = threading.Lock()
        self.requests: list[Request] = []
        self.unfinished: dict[int, float] = {}  # thread: when its request was sent
        self.pings: list[Ping] = []
        self.fault = time.monotonic()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        self._threads.append(threading.Thread(target=self._ping))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Ask no more; what is unanswered is still waited for at the end of the context."""
        self._stopped.set()

    def begin_fault(self) -> None:
        """Say that what counts begins now."""
        self.fault = time.monotonic()

    def until(self, holds: Callable[[], bool], *, most: float) -> None:
        """Go on until it holds, for that many seconds at most."""
        end = time.monotonic() + most
        while time.monotonic() < end and not holds():
            time.sleep(0.05)

    def rights_since(self, moment: float) -> int:
        """How many good requests that were sent since then were answered right."""
        return sum(
            request.begin >= moment and request.outcome is Outcome.RIGHT
            for request in list(self.requests)
        )

    def score(self, scenario: str, note: str = "") -> Score:
        """Score what was seen."""
        return score(scenario, self.fault, self.requests, self.pings, note)

    def slowest(self) -> float:
        """Seconds of the slowest good request since the fault."""
        seen = [request for request in self.requests if request.end >= self.fault]
        return max((request.end - request.begin for request in seen), default=0.0)

    def _ask(self) -> None:
        scene = self._scene
        client = scene.client()
        me = threading.get_ident()
        headers = {"Content-Type": "application/json"}
        while not self._stopped.is_set():
            with self._locked:
                index = next(self._numbers) % len(scene.texts)
            request = Request(time.monotonic(), 0.0, Outcome.LOST)
            self.unfinished[me] = request.begin
            try:
                status, answer = client.ask(
                    "POST", scene.running.server.path, scene.bodies[index], headers
                )
                request = replace(request, outcome=scene.judge(index, status, answer))
            except HungError:
                request = replace(request, outcome=Outcome.HUNG)
            except BrokenError:
                pass
            del self.unfinished[me]
            self.requests.append(replace(request, end=time.monotonic()))
            if request.outcome is not Outcome.RIGHT:
                self._stopped.wait(_PAUSE_SECONDS)
        client.close()

    def _ping(self) -> None:
        while not self._stopped.wait(_PING_SECONDS):
            begin = time.monotonic()
            client = self._scene.client(timeout=2)
            try:
                good = client.ask("GET", self._scene.running.server.ping)[0] == 200
            except (BrokenError, HungError):
                good = False
            client.close()
            self.pings.append(Ping(begin, good))


def _places(spans: Sequence[Span]) -> list[tuple[str, int, int]]:
    return [(span.label, span.start, span.end) for span in spans]
