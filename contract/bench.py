"""The bench of a case: a container that is started when a case needs it, and watched meanwhile."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from contract.assertions import Failed, Skipped
from contract.client import Client, Headers, Response
from contract.container import STARTS, Launcher, RunningContainer, Setup, processes, until
from contract.example import Example
from contract.limits import Limits
from contract.lookout import Lookout
from contract.starting import Startup, ending, ping, watch

T = TypeVar("T")


@dataclass(frozen=True)
class Seat:
    """A container and how its start went; `running` is None where it was running already."""

    client: Client
    startup: Startup
    running: RunningContainer | None


class Bench:
    """What a case works with.

    Args:
        launcher: starts the container; None where one runs already, at `address`.
        example: a request that gets status 200.
        stream: a request that gets a chunked response, if it is not the example.
        model: the model's folder on this machine.
    """

    def __init__(
        self,
        *,
        launcher: Launcher | None = None,
        address: Client | None = None,
        example: Example | None,
        stream: Example | None = None,
        model: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.launcher = launcher
        self.limits = limits or Limits()
        self.model = model
        self.model_before = listing(model) if model else None
        self.setup = Setup.SERVER
        self._address = address
        self._plain = (example, stream or example)
        self._example, self.stream = (each and each.marked() for each in self._plain)
        self.lookout = Lookout()
        self._seat: Seat | None = None
        self._checked = False
        self._taking_a_seat = threading.RLock()
        self._failed_starts: dict[Setup, Startup] = {}
        self._seen: dict[Callable[[Bench], object], object] = {}
        self._first_start = 0.0

    def turn_to(self, setup: Setup) -> None:
        """Begin a case: its container has just passed a ping, or is started again."""
        if setup is not self.setup:
            self.close()
        self.setup = setup
        self._checked = False

    def close(self) -> None:
        """End the container."""
        self.look()
        self.lookout.turn()
        if self._seat and self._seat.running:
            self._seat.running.close()
        self._seat = None

    def look(self) -> None:
        """Look whether what was sent has turned up where it may not."""
        if seat := self._seat:
            self.lookout.look(seat.client, seat.running, timeout=self.limits.ping)

    def end(self) -> str | None:
        """Describe how the container has ended, if it has."""
        return ending(self._seat.running) if self._seat and self._seat.running else None

    def once(self, observe: Callable[["Bench"], T]) -> T:
        """Make an observation that several cases judge, once for all of them."""
        if observe not in self._seen:
            try:
                self._seen[observe] = observe(self)
            except (Failed, Skipped) as verdict:
                self._seen[observe] = verdict
        seen = self._seen[observe]
        if isinstance(seen, (Failed, Skipped)):
            raise seen
        return seen  # type: ignore[return-value] # what this very function returned

    @property
    def example(self) -> Example:
        """The request that gets status 200."""
        if self._example is None:
            raise Skipped("no request to send: see --body and --model")
        # A container that hangs would hang in every case.
        if self.startup.hangs:
            raise Skipped("the first invocation got no response")
        return self._example

    @property
    def startup(self) -> Startup:
        """How the start went, also where it failed."""
        failed = self._failed_starts.get(self.setup)
        if failed or self._seat:
            return failed or self._seat.startup  # type: ignore[union-attr] # one of them is there
        try:
            return self.seat.startup
        except Skipped:
            return self._failed_starts[self.setup]

    @property
    def seat(self) -> Seat:
        """The running container. Several threads of one case may ask for it at once."""
        with self._taking_a_seat:
            if self.setup in self._failed_starts:
                raise Skipped("it did not start")
            if not self._checked:
                seat = self._seat
                if seat and seat.running and not self._is_well(seat.running, seat.client):
                    self.close()
                self._seat = self._seat or self._sit()
                self._checked = True
            if self._seat is None:
                raise Skipped("it has ended")
            return self._seat

    @property
    def client(self) -> Client:
        """The client of the container."""
        return self.seat.client

    @property
    def running(self) -> RunningContainer:
        """The container, if it was started here."""
        running = self.seat.running
        if running is None:
            raise Skipped("takes --image or --process")
        return running

    @property
    def labels(self) -> Mapping[str, str]:
        """The image's labels."""
        return self.launcher.labels if self.launcher else {}

    @property
    def pid(self) -> int:
        """The id of the main process."""
        pid = self.running.pid()
        if pid is None or not processes(pid):
            raise Skipped("its processes cannot be seen from here")
        return pid

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None
    ) -> Response:
        """Send a request on a connection of its own."""
        return self.client.request(method, path, body, headers, timeout=self.limits.response)

    def invoke(
        self,
        example: Example | None = None,
        headers: Headers | None = None,
        path: str = "/invocations",
        timeout: float | None = None,
    ) -> Response:
        """Send the example or another request."""
        sent = example or self.example
        fields = {"Content-Type": sent.content_type, **(headers or {})}
        limit = timeout or self.limits.response
        return self.client.request("POST", path, sent.body, fields, timeout=limit)

    def ping(self) -> Response:
        """Ping as SageMaker does."""
        return self.client.request("GET", "/ping", timeout=self.limits.ping)

    @cached_property
    def heavy(self) -> Example:
        """The example with so many rows that it keeps the container busy for a moment."""
        heavy, times = self.example, 1
        while len(heavy.body) < 250_000 and (larger := self.example.larger(times * 2)):
            response = self.invoke(larger)
            if response.status != 200:
                break
            heavy, times = larger, times * 2
            if response.seconds > 0.2:
                break
        return heavy

    def _is_well(self, running: RunningContainer, client: Client) -> bool:
        for _ in until(self.limits.recovery):
            if running.ended() is not None:
                return False
            if ping(client, self.limits) == 200:
                return True
        return False

    def _sit(self) -> Seat:
        if self.launcher is None:
            assert self._address  # noqa: S101 - one of the two is always given
            if self.setup is Setup.BATCH:
                raise Skipped("takes --image or --process")
            return Seat(self._address, Startup(), None)
        running = self.launcher.start(STARTS[self.setup])
        # A start need not be waited for much longer than the first one took.
        patience = 3 * self._first_start + 10 if self._first_start else self.limits.start
        try:
            client, startup = watch(
                running,
                self.limits,
                patience=min(patience, self.limits.start),
                examples=self._firsts(),
            )
        except BaseException:
            running.close()
            raise
        if startup.error:
            running.close()
            self._failed_starts[self.setup] = startup
            raise Skipped("it did not start")
        if startup.refused:
            self._example, self.stream = self._plain
        self._first_start = self._first_start or startup.seconds
        return Seat(client, startup, running)

    def _firsts(self) -> list[Example]:
        """What to send first: as the canary marks it, or as it is where that is refused."""
        if self.setup is Setup.MULTI_MODEL:
            return []
        return [each for each in dict.fromkeys((self._example, self._plain[0])) if each]


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Map every file below a folder to its size and the time of its last change."""
    return {
        str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and (stat := path.stat())
    }
