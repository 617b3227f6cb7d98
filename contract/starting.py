"""Starts a container and watches it until /ping passes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.assertions import Failed
from contract.client import Client, NoResponse, Response, TooLate
from contract.container import RunningContainer, until
from contract.example import Example
from contract.limits import Limits


@dataclass
class Startup:
    """What was seen from the start until /ping passed.

    Attributes:
        seconds: how long that took.
        early: the statuses of earlier pings.
        own_port: whether the container listens on the port in SAGEMAKER_BIND_TO_PORT.
        first: the response to an invocation right after the first 200, or why there is none.
        refused: whether the first invocation was refused as it was marked by the canary, and taken
            as it was.
        error: why /ping never passed.
    """

    seconds: float = 0
    early: list[int] = field(default_factory=list)
    own_port: bool = True
    first: Response | Failed | None = None
    refused: bool = False
    error: str | None = None

    @property
    def hangs(self) -> bool:
        """Whether the first invocation got no response in time."""
        return isinstance(self.first, TooLate)


def watch(
    running: RunningContainer, limits: Limits, *, patience: float, examples: Sequence[Example]
) -> tuple[Client, Startup]:
    """Ping the container until it passes, and send the example at once.

    Args:
        running: the container.
        limits: the time limits of a ping and of an invocation.
        patience: after how many seconds the start has failed.
        examples: the first invocation, none to send none; the second is sent if it is refused.
    """
    startup = Startup()
    for seconds in until(patience):
        startup.seconds = seconds
        if end := ending(running):
            startup.error = end
            return running.client, startup
        for client in filter(None, (running.client, running.default)):
            if (status := ping(client, limits)) == 200:
                startup.own_port = client is running.client
                for example in examples:
                    startup.first = _first_invocation(client, limits, example)
                    if not (isinstance(startup.first, Response) and startup.first.is_refusal):
                        break
                    startup.refused = True
                return client, startup
            if status is not None:
                startup.early.append(status)
    startup.error = f"no ping got 200 within {startup.seconds:.0f} s"
    return running.client, startup


def ping(client: Client, limits: Limits) -> int | None:
    """Return the status of a ping; None where there is no response."""
    try:
        return client.request("GET", "/ping", timeout=limits.ping).status
    except NoResponse:
        return None


def ending(running: RunningContainer) -> str | None:
    """Describe how the container has ended; None while it runs."""
    if (status := running.ended()) is None:
        return None
    last = ["", *running.log().strip().splitlines()][-1]
    return f"it ended with status {status}: {last[:200]}"


def _first_invocation(client: Client, limits: Limits, example: Example) -> Response | Failed:
    headers = {"Content-Type": example.content_type}
    try:
        return client.request(
            "POST", "/invocations", example.body, headers, timeout=limits.response
        )
    except NoResponse as error:
        return error
