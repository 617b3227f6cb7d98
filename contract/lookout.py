"""Looks after each case whether what was sent has turned up where it may not."""

from contextlib import suppress
from dataclasses import dataclass, field

from contract import canary
from contract.client import Client, NoResponse
from contract.container import RunningContainer


@dataclass
class Lookout:
    """Where the canary was seen.

    Attributes:
        case: the case that runs.
        found: by the place, the cases after which it had the canary, or had it once more.
    """

    case: str = ""
    found: dict[str, list[str]] = field(default_factory=dict)
    _logged: int = 0  # in the log of the present container

    def look(self, client: Client, running: RunningContainer | None, *, timeout: float) -> None:
        """Look through the container's log and metrics."""
        if running is not None:
            logged = canary.count(running.log())
            if logged > self._logged:
                self._note("its log")
            self._logged = logged
            if running.ended() is not None:
                return
        with suppress(NoResponse):
            metrics = client.request("GET", "/metrics", timeout=timeout)
            if canary.count(metrics.body.decode(errors="replace")):
                self._note("its metrics")

    def turn(self) -> None:
        """Go on to another container, whose log is empty."""
        self._logged = 0

    def _note(self, place: str) -> None:
        cases = self.found.setdefault(place, [])
        if self.case not in cases:
            cases.append(self.case)
