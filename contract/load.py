"""Clients that keep a container busy, and a record of their requests."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from contract.client import Client, NoResponse, Response
from contract.example import Example


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the load: when it was sent and when it ended, and its response."""

    sent: float
    done: float
    outcome: Response | NoResponse


@dataclass
class Load:
    """The requests that the clients have made so far.

    Attributes:
        connects: how many seconds each connection took to be accepted.
    """

    connects: list[float] = field(default_factory=list)
    requests: list[Sent] = field(default_factory=list)

    def statuses(self) -> dict[str, int]:
        """Count the requests by status; "none" stands for no response."""
        outcomes = [request.outcome for request in list(self.requests)]
        return Counter(str(o.status) if isinstance(o, Response) else "none" for o in outcomes)


@contextmanager
def loaded(
    client: Client,
    example: Example,
    *,
    clients: int,
    timeout: float,
    path: str = "/invocations",
) -> Iterator[Load]:
    """Have clients send the example one after the other, each on a connection of its own.

    At the end of the block it waits for the requests under way.
    """
    load = Load()
    stop = threading.Event()
    data = example.request(path, {"Connection": "close"})
    threads = [
        threading.Thread(target=_send_on, args=(client, data, load, stop, timeout), daemon=True)
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _send_on(
    client: Client, data: bytes, load: Load, stop: threading.Event, timeout: float
) -> None:
    while not stop.is_set():
        began = time.monotonic()
        outcome: Response | NoResponse
        try:
            with client.connect(timeout=timeout) as connection:
                load.connects.append(connection.seconds)
                outcome = connection.exchange(data, timeout=timeout)
        except NoResponse as error:
            outcome = error
            stop.wait(0.01)  # refusals are so fast that without a pause there would be thousands
        load.requests.append(Sent(began, time.monotonic(), outcome))
