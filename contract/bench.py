"""The bench that a container stands on: started when a case needs it, and watched meanwhile."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from contract.assertions import Failed, Skipped
from contract.client import Client, Headers, NoResponse, Response, TooLate
from contract.container import Launcher, RunningContainer, Setup, StartOptions, processes, until
from contract.example import Example
from contract.folder_listing import listing
from contract.limits import Limits

T = TypeVar("T")

_STARTS = {
    Setup.SERVER: StartOptions(),
    Setup.MULTI_MODEL: StartOptions(
        environment={"SAGEMAKER_MULTI_MODEL": "true"}, many_models=True
    ),
    Setup.BATCH: StartOptions(
        environment={
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
            "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        }
    ),
}


@dataclass
class Startup:
    """What was seen from the start until /ping passed.

    Attributes:
        seconds: how long that took.
        early: the statuses of pings before.
        own_port: whether it listens where SAGEMAKER_BIND_TO_PORT says.
        first: the answer to an invocation sent right after the first 200, or why there is none.
        error: why it never passed.
        hangs: whether that invocation was still not answered when its time was over.
    """

    seconds: float = 0
    early: list[int] = field(default_factory=list)
    own_port: bool = True
    first: Response | Failed | None = None
    error: str | None = None
    hangs: bool = False


@dataclass(frozen=True)
class Seat:
    """A container that runs, and how its start went; without `running` it is somebody else's."""

    client: Client
    startup: Startup
    running: RunningContainer | None


class Bench:
    """What a case works with.

    Args:
        launcher: starts the container; None where one is there already, at `address`.
        example: a request that is answered with 200.
        stream: a request that is answered in chunks, if another than the example.
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
        self.stream = stream or example
        self._address = address
        self._example = example
        self._seat: Seat | None = None
        self._checked = False
        self._taking_a_seat = threading.RLock()
        self._failed_starts: dict[Setup, Startup] = {}
        self._seen: dict[Callable[[Bench], object], object] = {}
        self._first_start = 0.0

    def turn_to(self, setup: Setup) -> None:
        """Begin a case: what it is given has just answered a ping, or is started anew."""
        if setup is not self.setup:
            self.close()
        self.setup = setup
        self._checked = False

    def close(self) -> None:
        """End the container."""
        if self._seat and self._seat.running:
            self._seat.running.close()
        self._seat = None

    def end(self) -> str | None:
        """Say how the container has ended, if it has."""
        return _end(self._seat.running) if self._seat and self._seat.running else None

    def once(self, observe: Callable[["Bench"], T]) -> T:
        """Observe something that several cases judge; a second call gets what the first saw."""
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
        """The request that is answered with 200."""
        if self._example is None:
            raise Skipped("no request to send: see --body and --model")
        # Whoever hangs would hang in every case.
        if self.startup.hangs:
            raise Skipped("it did not answer the first invocation")
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
        """The running container; clients of one case may ask for it at the same time."""
        with self._taking_a_seat:
            if self.setup in self._failed_starts:
                raise Skipped("it did not start")
            if not self._checked:
                if self._seat and self._seat.running and not self._is_well(self._seat):
                    self.close()
                self._seat = self._seat or self._sit()
                self._checked = True
            if self._seat is None:
                raise Skipped("it has ended")
            return self._seat

    @property
    def client(self) -> Client:
        """Where the container answers."""
        return self.seat.client

    @property
    def running(self) -> RunningContainer:
        """The container as what was started here."""
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
        """The main process."""
        pid = self.running.pid()
        if pid is None or not processes(pid):
            raise Skipped("its processes cannot be seen from here")
        return pid

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None
    ) -> Response:
        """Send a request on a connection of its own."""
        return self.client.request(method, path, body, headers, timeout=self.limits.answer)

    def invoke(
        self,
        example: Example | None = None,
        headers: Headers | None = None,
        path: str = "/invocations",
    ) -> Response:
        """Send the example, or another."""
        sent = example or self.example
        return self.request(
            "POST", path, sent.body, {"Content-Type": sent.content_type, **(headers or {})}
        )

    def ping(self) -> Response:
        """Ask /ping as SageMaker does."""
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

    def _is_well(self, seat: Seat) -> bool:
        assert seat.running  # noqa: S101 - for the type checker alone
        for _ in until(self.limits.recovery):
            if seat.running.ended() is not None:
                return False
            try:
                if seat.client.request("GET", "/ping", timeout=self.limits.ping).status == 200:
                    return True
            except NoResponse:
                continue
        return False

    def _sit(self) -> Seat:
        if self.launcher is None:
            assert self._address  # noqa: S101 - one of the two is always given
            if self.setup is Setup.BATCH:
                raise Skipped("takes --image or --process")
            return Seat(self._address, Startup(), None)
        running = self.launcher.start(_STARTS[self.setup])
        try:
            client, startup = self._watch(running)
        except BaseException:
            running.close()
            raise
        if startup.error:
            running.close()
            self._failed_starts[self.setup] = startup
            raise Skipped("it did not start")
        self._first_start = self._first_start or startup.seconds
        return Seat(client, startup, running)

    def _watch(self, running: RunningContainer) -> tuple[Client, Startup]:
        startup = Startup()
        # What did not take long the first time need not be waited for as long.
        patience = 3 * self._first_start + 10 if self._first_start else self.limits.start
        for seconds in until(min(patience, self.limits.start)):
            startup.seconds = seconds
            if end := _end(running):
                startup.error = end
                return running.client, startup
            for client in filter(None, (running.client, running.default)):
                if self._passes(client, startup):
                    startup.own_port = client is running.client
                    startup.first = self._first_invocation(client)
                    startup.hangs = isinstance(startup.first, TooLate)
                    return client, startup
        startup.error = f"no ping answered 200 within {startup.seconds:.0f} s"
        return running.client, startup

    def _passes(self, client: Client, startup: Startup) -> bool:
        try:
            response = client.request("GET", "/ping", timeout=self.limits.ping)
        except NoResponse:
            return False
        if response.status != 200:
            startup.early.append(response.status)
        return response.status == 200

    def _first_invocation(self, client: Client) -> Response | Failed | None:
        if self._example is None or self.setup is Setup.MULTI_MODEL:
            return None
        headers = {"Content-Type": self._example.content_type}
        try:
            return client.request(
                "POST", "/invocations", self._example.body, headers, timeout=self.limits.answer
            )
        except NoResponse as error:
            return error


def _end(running: RunningContainer) -> str | None:
    if (status := running.ended()) is None:
        return None
    last = ["", *running.log().strip().splitlines()][-1]
    return f"it ended with status {status}: {last[:200]}"
