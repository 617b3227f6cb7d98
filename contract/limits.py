"""The time limits of the contract, and the load that the kit puts on a container."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits, in seconds unless stated otherwise.

    Attributes:
        start: until /ping passes (8 minutes, or ContainerStartupHealthCheckTimeoutInSeconds).
        ping: until a ping has its response.
        accept: until a connection is accepted.
        response: until an invocation has its response.
        drain: from SIGTERM until the container is killed.
        recovery: after the death of a worker, until /ping shows the container's true state.
        hang: after the death of a worker, until every request has its response or has failed.
        back: after the death of a worker, until it serves again.
        argument: until a wrong argument has ended the container.
        load: how long the kit keeps a container busy.
        clients: how many clients do so at once.
    """

    start: float = 480
    ping: float = 2
    accept: float = 0.25
    response: float = 60
    drain: float = 30
    recovery: float = 5
    hang: float = 20
    back: float = 60
    argument: float = 10
    load: float = 6
    clients: int = 16
